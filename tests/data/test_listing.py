from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.listing import Place, column, places, read_listing
from hemascope.errors import SourceError


def written(path: Path, columns: dict[str, list[str]]) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        lines = [",".join(columns), *(",".join(row) for row in zip(*columns.values(), strict=True))]
        path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_paths_start_at_the_tables_folder(tmp_path: Path, name: str) -> None:
    path = written(
        tmp_path / name, {"File": ["1.png", "/x/2.png", "", "in/c.tar#d/3.png", "synthetic://0#4"], "n": list("12345")}
    )
    (tmp_path / "odd.npz#1").touch()
    assert places(path, read_listing(path)) == [
        Place(str(tmp_path / "1.png")),
        Place("/x/2.png"),
        Place(""),
        Place(str(tmp_path / "in" / "c.tar"), "d/3.png"),
        Place("synthetic://0", "4"),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_column_may_name_the_member(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, {"path": ["c.npz", "1#2.png"], "member": ["images/3", ""], "more": ["", "x"]})
    found = places(path, read_listing(path))
    assert [place.name for place in found] == [f"{tmp_path}/c.npz#images/3", f"{tmp_path}/1#2.png"]


def test_a_file_whose_name_has_the_mark_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "odd.npz#1").touch()
    path = written(tmp_path / "a.csv", {"path": ["odd.npz#1"]})
    assert places(path, read_listing(path)) == [Place(str(tmp_path / "odd.npz#1"))]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_table_without_paths(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name, {"label": ["a"]})
    with pytest.raises(SourceError, match=r"no column 'path'; its columns are label"):
        places(path, read_listing(path))
    assert column(["a"], ["b"]) is None
