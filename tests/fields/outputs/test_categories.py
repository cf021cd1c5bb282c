"""What cells are called, and their colours."""

from dataclasses import replace

from hemascope.cells import BLOOD_CLASSES, CELLS
from hemascope.fields.cell import KINDS
from hemascope.fields.outputs.categories import Categories
from tests.fields.outputs.made import CLASSES, cells


def test_classes_have_their_own_colours_and_each_kind_one_name() -> None:
    found = Categories.of(BLOOD_CLASSES)
    assert [one.number for one in found] == list(range(1, 12))
    assert [one.colour for one in found[:8]] == [cell.colour for cell in CELLS]
    assert {one.kind for one in found} == set(KINDS)
    assert [one.name for one in found if one.kind == "platelet"] == ["platelet"]
    assert len({one.colour for one in found}) == len({one.title for one in found}) == 11


def test_what_cells_are_called() -> None:
    found = Categories.of(CLASSES)
    white, *_ = made = cells()
    names = [found.called(cell).name for cell in made]
    assert names == ["neutrophil", "monocyte", "unknown", "red", "red", "platelet"]
    assert found.called(replace(white, label=None)).name == "white"
    assert found.called(replace(white, label="of another model")).name == "white"
