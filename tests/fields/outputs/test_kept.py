"""What is said of each field, on disk."""

from pathlib import Path

import numpy as np

from hemascope.fields.cell import Cell
from hemascope.fields.outputs.kept import Field, KeptFields
from tests.fields.outputs.made import cells


def fields(kept: KeptFields) -> list[Field]:
    return list(kept)


def test_fields_come_back_as_they_were(tmp_path: Path) -> None:
    first, broken = Field("a", 128, 96, tuple(cells("a"))), Field("b\udce9", 0, 0, (), "cut off")
    kept = KeptFields(tmp_path / "x.jsonl")
    kept.add(first)
    kept.add(broken)
    assert fields(kept) == fields(KeptFields(tmp_path / "x.jsonl", resume=True)) == [first, broken]
    assert kept.names == {"a", "b\udce9"}
    assert len(KeptFields(tmp_path / "x.jsonl")) == 0


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    kept = KeptFields(tmp_path / "x.jsonl")
    box = tuple(np.array([1, 2, 3.5, 4], np.float32))
    kept.add(Field("a", 9, 9, (Cell("a", box, "red", np.float32(0.5), np.bool_(True), np.bool_(False)),)))
    (found,) = kept["a"].cells
    assert found == Cell("a", (1.0, 2.0, 3.5, 4.0), "red", 0.5, True, False)
    assert type(found.border) is bool


def test_a_field_added_again_takes_its_own_place(tmp_path: Path) -> None:
    kept = KeptFields(tmp_path / "x.jsonl")
    for name in "abc":
        kept.add(Field(name, 1, 1, ()))
    kept.add(Field("a", 2, 2, ()))
    assert [(field.name, field.width) for field in kept] == [("a", 2), ("b", 1), ("c", 1)]
    assert [kept.order(name) for name in "abcd"] == [0, 1, 2, 3]
    again = KeptFields(tmp_path / "x.jsonl", resume=True)
    assert fields(again) == fields(kept)
    assert again.order("c") == 2


def test_what_a_kill_left_by_half_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    whole = KeptFields(path)
    for name in "abc":
        whole.add(Field(name, 1, 1, tuple(cells(name))))
    data = path.read_bytes()
    for end in (len(data) - 1, len(data) - 40):
        path.write_bytes(data[:end])
        found = KeptFields(path, resume=True)
        assert found.names == {"a", "b"}
        found.add(Field("c", 1, 1, tuple(cells("c"))))
        assert path.read_bytes() == data
