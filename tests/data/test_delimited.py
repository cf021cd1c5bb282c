from pathlib import Path

import pytest

from hemascope.data.delimited import read_delimited
from hemascope.errors import SourceError


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_header_lines_and_cells(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(f'\ufeffa{delimiter} b \r\n1{delimiter}"x\r\ny\u2028"\r\n\r\n2{delimiter}\r\n'.encode())
    table = read_delimited(path, "a,b")
    assert table.header == ["a", "b"]
    assert table.rows == [(3, ["1", "x\ny\u2028"]), (5, ["2", ""])]


def test_a_header_alone_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n")
    assert read_delimited(tmp_path / "table.csv", "a,b").rows == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"table\.csv: the file is empty\. Its first line names the columns: a,b"),
        (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 columns, the header 2"),
        (b'a,b\n1,"2\n', "not a readable CSV"),
        ("a,b\nä,ö\n".encode("latin-1"), "not readable as text in UTF-8"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(SourceError, match=reason):
        read_delimited(tmp_path / "table.csv", "a,b")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read_delimited(tmp_path / "none.csv", "a,b")
