import pytest

from hemascope.errors import ModelFileError, SourceError
from hemascope.fields.cell import Cell
from hemascope.fields.table import Columns, read_rows, write_table

COLUMNS = Columns(("monocyte", "neutrophil"), unknown=True, attributes=("granularity",))
CELLS = [
    Cell(
        "=a.png", (0.1, 2.0, 30.33, 40.0), "white", 0.9, True, False, "monocyte", 0.75, (0.75, 0.25), 0.125, True,
        "granules", ("yes",),
    ),
    Cell("=a.png", (5.0, 6.0, 7.0, 8.0), "red", 0.5, counted=True),
    Cell("=a.png", (1.0, 1.0, 2.0, 2.0), "platelet", 0.25, counted=True, label="platelet"),
    Cell("b.png", error="damaged"),
    Cell("c.png", (1.0, 2.0, 3.0, 4.0), "white", 0.5, counted=True, error="the network failed"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["cells.csv", "cells.parquet"])
def test_rows_come_back_as_they_were(tmp_path, name):
    write_table(tmp_path / name, CELLS, COLUMNS)
    rows = list(read_rows(tmp_path / name))
    assert all(list(row) == COLUMNS.names for row in rows)
    expected = [COLUMNS.row(cell) for cell in CELLS]
    for row, wanted in zip(rows, expected, strict=True):
        assert row == {key: pytest.approx(value) if type(value) is float else value for key, value in wanted.items()}


def test_the_text_is_as_documented(tmp_path):
    write_table(tmp_path / "cells.csv", CELLS, COLUMNS)
    assert (tmp_path / "cells.csv").read_text("utf-8").splitlines() == [
        "field,xmin,ymin,xmax,ymax,kind,score,border,counted,label,confidence,monocyte,neutrophil,unknown,is_unknown,"
        "appearance,granularity,error",
        "'=a.png,0.1,2.0,30.33,40.0,white,0.9,1,0,monocyte,0.75,0.75,0.25,0.125,1,granules,yes,",
        "'=a.png,5.0,6.0,7.0,8.0,red,0.5,0,1,,,,,,,,,",
        "'=a.png,1.0,1.0,2.0,2.0,platelet,0.25,0,1,platelet,,,,,,,,",
        "b.png,,,,,,,,,,,,,,,,,damaged",
        "c.png,1.0,2.0,3.0,4.0,white,0.5,0,1,,,,,,,,,the network failed",
    ]


def test_a_class_named_as_a_column_is_refused():
    with pytest.raises(ModelFileError, match="do not fit beside the columns"):
        Columns(("kind",))


@pytest.mark.parametrize("name", ["cells.csv", "cells.parquet"])
def test_another_table_is_refused(tmp_path, name):
    (tmp_path / name).write_text("path,label\na.png,monocyte\n")
    with pytest.raises(SourceError, match="not a table of cells"):
        list(read_rows(tmp_path / name))
