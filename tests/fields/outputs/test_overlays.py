"""Pictures of fields with boxes."""

import numpy as np

from hemascope.fields.cell import Cell
from hemascope.fields.outputs.categories import Categories
from hemascope.fields.outputs.overlays import overlay
from tests.fields.outputs.made import CLASSES, cells, field


def test_boxes_are_in_the_class_colours_and_the_rest_is_the_field() -> None:
    pixels = np.full((480, 640, 3), 200, np.uint8)
    made = [Cell("a", (100, 100, 300, 300), "white", 0.9, False, True, "neutrophil", 0.98),
            Cell("a", (400, 200, 500, 300), "red", 0.9, False, True),
            Cell("a", (540, 200, 640, 300), "red", 0.9, True, False)]  # fmt: skip
    found = np.asarray(overlay(pixels, made, CLASSES))
    inks = {one.name: one.rgb for one in Categories.of(CLASSES)}
    assert found.shape[1] == 640
    assert found.shape[0] > 480  # the legend
    assert tuple(found[200, 100]) == inks["neutrophil"]
    assert tuple(found[250, 400]) == inks["red"]
    assert tuple(found[250, 540]) == tuple((255 + part) // 2 for part in inks["red"])  # not counted, so pale
    assert tuple(found[200, 200]) == (200, 200, 200)
    label = found[80:99, 100:200].reshape(-1, 3)
    assert (label == inks["neutrophil"]).all(axis=1).mean() > 0.5


def test_a_large_field_is_shrunk_with_its_boxes() -> None:
    pixels = np.full((600, 800, 3), 200, np.uint8)
    found = np.asarray(overlay(pixels, [Cell("a", (200, 200, 400, 400), "red", 0.9, False, True)], CLASSES, 400))
    assert found.shape[1] == 400
    assert tuple(found[140, 100]) == Categories.of(CLASSES)[-1].rgb


def test_cells_at_all_edges_and_none() -> None:
    corners = [
        Cell("a", box, "white", 0.9, True, True, "monocyte", 0.5)
        for box in ((0, 0, 10, 10), (118, 0, 128, 10), (0, 86, 10, 96), (118, 86, 128, 96), (0, 0, 128, 96))
    ]
    assert overlay(field(), corners, CLASSES).width == 128
    assert overlay(field(), [], CLASSES).height > 96
    assert overlay(field(), cells(), ()).width == 128
