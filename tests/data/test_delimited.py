import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hemascope.data.delimited import as_delimited, defused, fused, read_delimited, write_delimited
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


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_compute_is_defused_and_given_back(text: str) -> None:
    assert defused(text) == "'" + text
    assert defused("'" + text) == "''" + text
    assert [fused(defused(each)) for each in (text, "'" + text)] == [text, "'" + text]


@pytest.mark.parametrize(
    "text", ["-1", "+1", "-0.25", "1e-05", "-1.5E+3", "-.5", "CD4+", "a=b", "'quoted'", "", "-" * 0]
)
def test_numbers_and_other_texts_are_left_alone(text: str) -> None:
    assert defused(text) == fused(text) == text


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.text(st.sampled_from("ab'=+-@1,;\"\t\r\n \x1b"), max_size=8), min_size=2, max_size=2))
@example(cells=["a\r.png", "b\r\n.png"])
@example(cells=["\r\n=1", "'"])
def test_whatever_a_name_holds_is_written_and_read_again(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_delimited(file, [["path", "label"], cells, ["last", 0.5]])
    read = read_delimited(path, "path,label")
    blank = not any(defused(cell).strip() for cell in cells)
    assert [row for _, row in read.rows] == [*([] if blank else [cells]), ["last", "0.5"]]
    with path.open(encoding="utf-8", newline="") as file:  # and so for any reader of CSV
        assert [len(row) for row in csv.reader(file)] == [2, 2, 2]
    assert "\r" not in "".join(path.read_bytes().decode().split('"')[::2])  # no bare one: it would end the row


def test_tables_of_numbers_and_names() -> None:
    table = pd.DataFrame({"run": ["=1", "a,b\r"], "gain": [-0.25, float("nan")], "done": [True, False]})
    assert as_delimited(pd.DataFrame({"path": ["a;=1.png"]})) == 'path\n"a;=1.png"\n'  # of one cell where ; separates
    assert as_delimited(table, "%.3f") == 'run,gain,done\n\'=1,-0.250,True\n"a,b\r",,False\n'
    assert list(csv.reader(io.StringIO(as_delimited(table), newline=""))) == [
        ["run", "gain", "done"], ["'=1", "-0.25", "True"], ["a,b\r", "", "False"],
    ]  # fmt: skip
