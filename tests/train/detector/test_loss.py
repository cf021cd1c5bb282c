"""The maps that the detector is to give, and what its distance from them costs."""

import numpy as np
import torch

from hemascope.train.detector.loss import Boxes, Targets, detection_loss, draw_targets
from hemascope.train.detector.network import CELL, Maps

ALL = (True, True, True)
TWO = Boxes(np.array([[8.0, 16, 40, 48], [60, 60, 68, 72]]), np.array([1, 2]), ALL)


def batch(targets: Targets) -> Targets:
    return Targets(*(part[None] for part in targets))


def perfect(targets: Targets) -> Maps:
    """Maps that say with certainty what is wanted."""
    centres = (torch.arange(targets.heat.shape[-1]) + 0.5) * CELL
    x, y = centres.expand(targets.heat.shape[1:]), centres.view(-1, 1).expand(targets.heat.shape[1:])
    boxes = targets.boxes
    sides = torch.stack([x - boxes[:, 0], y - boxes[:, 1], boxes[:, 2] - x, boxes[:, 3] - y], 1)
    return Maps(torch.where(targets.heat == 1, 20.0, -20.0)[None], sides[None])


def test_a_cell_has_its_peak_in_the_middle_of_its_box_and_nowhere_else() -> None:
    heat = draw_targets(TWO, (96, 96)).heat
    assert heat[1].argmax().item() == 8 * 24 + 6
    assert heat[2].argmax().item() == 16 * 24 + 16
    assert heat[0].max() == 0
    assert (heat == 1).sum() == 2


def test_small_and_large_cells_count_the_same() -> None:
    weight = draw_targets(TWO, (96, 96)).weight
    assert weight.sum((1, 2)).tolist() == torch.tensor([0.0, 1, 1]).tolist()


def test_nothing_is_asked_of_a_kind_without_boxes_nor_of_cells_cut_away() -> None:
    cells = Boxes(np.array([[0.0, 0, 16, 96], [50, 50, 80, 80]]), np.array([-2, 0]), (True, True, False))
    asked = draw_targets(cells, (96, 96)).asked
    assert asked[0].all()
    assert not asked[1, :, :4].any()
    assert asked[1, :, 6:].all()
    assert not asked[2].any()


def test_the_right_maps_cost_nothing_and_others_more() -> None:
    wanted = batch(draw_targets(TWO, (96, 96)))
    right = perfect(draw_targets(TWO, (96, 96)))
    assert detection_loss(right, wanted) < 1e-3
    moved = Maps(right.heat, right.sides + 6)
    missed = Maps(right.heat.clamp(max=-5), right.sides)
    assert detection_loss(moved, wanted) > 0.3
    assert detection_loss(missed, wanted) > 1


def test_an_empty_piece_costs_only_what_is_seen_in_it() -> None:
    nothing = Boxes(np.zeros((0, 4)), np.zeros(0, int), ALL)
    wanted = batch(draw_targets(nothing, (64, 64)))
    calm = Maps(torch.full((1, 3, 16, 16), -20.0), torch.ones(1, 3, 4, 16, 16))
    seen = Maps(torch.full((1, 3, 16, 16), 2.0), torch.ones(1, 3, 4, 16, 16))
    assert detection_loss(calm, wanted) < 1e-6
    assert detection_loss(seen, wanted) > 100
