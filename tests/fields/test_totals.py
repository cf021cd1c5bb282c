import json

from hemascope.fields.cell import Cell
from hemascope.fields.read import FieldRead
from hemascope.fields.totals import COLUMNS, Totals, field_names, write_fields
from hemascope.predict.card import ModelCard

CARD = ModelCard("m", ("erythroblast", "monocyte", "neutrophil", "platelet"), 8)


def white(label, *, unknown=False, counted=True, error=""):
    return Cell("a.png", (0, 0, 1, 1), "white", 0.9, False, counted, label, is_unknown=unknown, error=error)


READS = [
    FieldRead(
        "a.png",
        640,
        480,
        (
            white("monocyte"),
            white("neutrophil"),
            white("neutrophil"),
            white("neutrophil"),
            white("neutrophil", counted=False),
            white("monocyte", unknown=True),
            white("erythroblast"),
            white("platelet"),
            white(None, error="the network failed"),
            *[Cell("a.png", (0, 0, 1, 1), "red", 0.9, counted=True)] * 40,
            Cell("a.png", (0, 0, 1, 1), "red", 0.9, counted=False),
            *[Cell("a.png", (0, 0, 1, 1), "platelet", 0.9, counted=True, label="platelet")] * 2,
        ),
        41.5,
        0.75,
        "red cells",
    ),
    FieldRead("b.png", 640, 480, (), None, 0.5, "field size", "its first frame is read"),
    FieldRead.failed("=c.png", "damaged"),
]


def made():
    totals = Totals()
    for read in READS:
        totals.add(read)
    return totals


def test_kinds_are_counted_a_field_that_could_be_read():
    totals = made()
    assert (totals.fields, totals.failed, totals.read) == (3, 1, 2)
    assert dict(totals.kinds) == {"white": 8, "red": 40, "platelet": 2}
    assert totals.per_field("red") == 20
    assert totals.platelets_per_red == 0.05
    assert totals.rows == [
        ("White cells", "8", "4.0"),
        ("Red cells", "40", "20.0"),
        ("Platelets", "2", "1.0"),
        ("Platelets per 1,000 red cells", "50.0", ""),
    ]


def test_the_differential_is_of_counted_known_white_cells():
    found = made().differential(CARD)
    lines = {line.name: line for line in found.lines}
    assert (found.leucocytes, found.unknown, found.failed) == (4, 1, 1)
    assert (lines["monocyte"].plain, lines["neutrophil"].plain) == (25, 75)
    assert lines["erythroblast"].plain == 25  # per 100 leucocytes
    assert lines["platelet"].cells == 3  # of the detector, and one that it took for a white cell


def test_all_of_it_goes_through_json():
    again = Totals.of_dict(json.loads(json.dumps(made().as_dict())))
    assert again.as_dict() == made().as_dict()
    assert again.differential(CARD) == made().differential(CARD)


def test_the_table_of_fields(tmp_path):
    write_fields(tmp_path / "fields.csv", READS)
    assert (tmp_path / "fields.csv").read_text("utf-8").splitlines() == [
        ",".join(COLUMNS),
        "a.png,640,480,41.5,0.75,red cells,8,40,2,,",
        "b.png,640,480,,0.5,field size,0,0,0,its first frame is read,",
        "'=c.png,,,,,,,,,,damaged",
    ]
    assert list(field_names(tmp_path / "fields.csv")) == ["a.png", "b.png", "=c.png"]


def test_nothing_read_is_no_mean():
    totals = Totals()
    totals.add(FieldRead.failed("a.png", "damaged"))
    assert (totals.per_field("red"), totals.platelets_per_red) == (None, None)
    assert totals.rows[0] == ("White cells", "0", "–")  # noqa: RUF001
