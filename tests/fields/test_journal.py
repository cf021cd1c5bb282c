import pytest

from hemascope.errors import ModelFileError, SourceError
from hemascope.fields.cell import Cell
from hemascope.fields.journal import Journal
from hemascope.fields.read import FieldRead

MADE = {
    "detector": {"name": "d", "sha256": "1" * 64},
    "model": {"name": "m", "sha256": "2" * 64},
    "attributes": False,
}
NAME = "caf\udce9.png"
READS = [
    FieldRead(
        NAME,
        640,
        480,
        (
            Cell(
                NAME,
                (0.1, 2.0, 30.33, 40.0),
                "white",
                0.9,
                True,
                True,
                "monocyte",
                0.75,
                (0.75, 0.25),
                0.125,
            ),
            Cell("caf\udce9.png", (5.0, 6.0, 7.0, 8.0), "red", 0.5, counted=True),
        ),
        41.5,
        0.75,
        "red cells",
        "its first frame is read",
    ),
    FieldRead.failed("b.png", "damaged"),
    FieldRead("empty.png", 10, 10, scale_from="field size"),
]


def test_fields_come_back_as_they_were(tmp_path):
    with Journal.create(tmp_path / "j", MADE) as journal:
        for read in READS:
            journal.append(read)
        assert list(journal.read()) == READS
    with Journal.resume(tmp_path / "j", MADE) as journal:
        assert (journal.fields, journal.lost) == (3, 0)
        assert list(journal.cells()) == [cell for read in READS for cell in read.cells]


def test_a_part_that_is_half_written_is_cut_off(tmp_path):
    path = tmp_path / "j"
    with Journal.create(path, MADE) as journal:
        for read in READS:
            journal.append(read)
    whole = path.read_bytes()
    for cut in range(len(whole) - 60, len(whole), 7):
        path.write_bytes(whole[:cut])
        with Journal.resume(path, MADE) as journal:
            assert list(journal.read()) == READS[: journal.fields]
            assert journal.fields == 2
            journal.append(READS[2])
        assert path.read_bytes() == whole


def test_damage_within_is_cut_off_with_all_behind_it(tmp_path):
    path = tmp_path / "j"
    with Journal.create(path, MADE) as journal:
        for read in READS:
            journal.append(read)
    content = path.read_bytes()
    at = content.index(b"damaged")
    path.write_bytes(content[:at] + b"D" + content[at + 1 :])
    with Journal.resume(path, MADE) as journal:
        assert journal.fields == 1
        assert journal.lost > 0


@pytest.mark.parametrize("what", ["detector", "model"])
def test_another_model_is_refused_by_name(tmp_path, what):
    Journal.create(tmp_path / "j", MADE).close()
    with pytest.raises(ModelFileError, match=rf"another {what}.*--{what}"):
        Journal.resume(tmp_path / "j", {**MADE, what: {"name": "other", "sha256": "3" * 64}})


def test_other_options_and_other_files_are_refused(tmp_path):
    Journal.create(tmp_path / "j", MADE).close()
    with pytest.raises(ModelFileError, match="without --attributes"):
        Journal.resume(tmp_path / "j", {**MADE, "attributes": True})
    (tmp_path / "k").write_bytes(b"something else")
    with pytest.raises(SourceError, match="no journal of a count"):
        Journal.resume(tmp_path / "k", MADE)
    (tmp_path / "k").write_bytes((tmp_path / "j").read_bytes()[:30])
    with pytest.raises(SourceError, match="head is damaged"):
        Journal.resume(tmp_path / "k", MADE)
