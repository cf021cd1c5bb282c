"""White cells as class folders."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.data.sources import open_source
from hemascope.fields.outputs.crops import write_crops
from tests.fields.outputs.made import cells, field


def test_train_reads_the_classes_and_no_unknown_one(tmp_path: Path) -> None:
    written = write_crops(tmp_path, "a", field(), cells()) + write_crops(tmp_path, "b", field(seed=1), cells())
    assert [path.relative_to(tmp_path).as_posix() for path in written[:3]] == [
        "crops/neutrophil/a_0001.png",
        "crops/monocyte/a_0002.png",
        "crops-unknown/a_0003.png",
    ]
    found = open_source(tmp_path / "crops")
    assert "unknown" not in found.classes
    assert sorted(found.table["label"]) == ["monocyte"] * 2 + ["neutrophil"] * 2
    assert not found.table["error"].any()


def test_a_crop_is_that_place_of_the_field(tmp_path: Path) -> None:
    pixels = field()
    path, *_ = write_crops(tmp_path, "a", pixels, cells())
    left, top = round((10 + 30.25) / 2 - 39 / 2), round((20 + 44.5) / 2 - 39 / 2)
    with Image.open(path) as found:  # 39 is 1.6 times the longer side of its box
        assert np.array_equal(np.asarray(found), pixels[top : top + 39, max(0, left) : max(0, left) + 39])
    path, *_ = write_crops(tmp_path, "a", pixels, cells(), cut=lambda cell: pixels[:8, : int(cell.box[0])])
    with Image.open(path) as found:
        assert np.array_equal(np.asarray(found), pixels[:8, :10])


def test_no_class_leads_out_of_the_folder(tmp_path: Path) -> None:
    path, *_ = write_crops(tmp_path, "a", field(), [replace(cells()[0], label="../../x")])
    assert path.resolve().is_relative_to(tmp_path.resolve() / "crops")


def test_cells_that_are_not_counted_or_have_no_class_are_left_out(tmp_path: Path) -> None:
    white = cells()[0]
    assert write_crops(tmp_path, "a", field(), [replace(white, counted=False), replace(white, label=None)]) == []
