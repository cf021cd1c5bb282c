"""Pieces of fields: their boxes follow their pixels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hemascope.train.detector.network import CELL
from hemascope.train.detector.pieces import Pieces, red_widths
from hemascope.train.detector.recipe import DetectorRecipe
from tests.train.detector.drawn import INKS, drawn_field


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_asked_for_lies_where_it_is_seen(tmp_path: Path, seed: int) -> None:
    fields = [drawn_field(tmp_path, str(number), seed=number, cells=3) for number in range(2)]
    recipe = DetectorRecipe(size=192, red_widths=(16, 40))
    piece, targets = Pieces(fields, recipe).draw(seed % 2, np.random.default_rng(seed))
    assert piece.shape == (3, 192, 192)
    found = 0
    for kind, row, column in np.argwhere(targets.heat.numpy() == 1):
        box = targets.boxes[kind, :, row, column].numpy()
        middle = ((box[:2] + box[2:]) / 2).clip(0, 191).astype(int)
        assert (abs(middle / CELL - (column, row)) <= 1).all()
        found += np.abs(piece[:, middle[1], middle[0]].numpy().astype(int) - INKS[kind]).max() < 40
    assert found >= 0.6 * (targets.heat == 1).sum()  # one cell may lie over another


def test_a_source_without_red_boxes_has_them_half_as_wide_as_its_white_ones(tmp_path: Path) -> None:
    field = drawn_field(tmp_path, "a", cells=9)
    white = field.kinds == 0
    alone = replace(field, boxes=field.boxes[white], kinds=field.kinds[white], annotated=(True, False, False))
    assert red_widths([alone]) == pytest.approx([22])
    assert red_widths([field]) == pytest.approx([24])


def test_cells_mostly_cut_away_are_not_asked_for(tmp_path: Path) -> None:
    field = drawn_field(tmp_path, "a", cells=1)
    far = np.array([[-60, 40, 10, 110]], np.float32)  # a seventh of it is in the field
    cut = replace(field, boxes=far, kinds=np.array([0]))
    _, targets = Pieces([cut], DetectorRecipe(size=128)).draw(0, np.random.default_rng(3))
    assert (targets.heat < 1).all()
