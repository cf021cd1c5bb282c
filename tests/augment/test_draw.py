import pytest
import torch

from hemascope.augment.draw import Draw
from tests.augment.conftest import seeded


def test_what_a_row_gets_does_not_hang_on_the_other_rows():
    whole = Draw(seeded(), 6).uniform(2)
    some = Draw(seeded(), 6).of(torch.tensor([1, 4])).uniform(2)
    assert torch.equal(some, whole[[1, 4]])


def test_rows_of_rows():
    draw = Draw(seeded(), 6).of(torch.tensor([1, 3, 5])).of(torch.tensor([2]))
    assert torch.equal(draw.uniform(), Draw(seeded(), 6).uniform()[5:])
    assert len(draw) == 1


def test_symmetric_stays_within_its_strength():
    drawn = Draw(seeded(), 1000).symmetric(torch.full((1000,), 0.3))
    assert drawn.abs().max() <= 0.3
    assert abs(drawn.mean()) < 0.02
    assert drawn.min() < -0.28
    assert drawn.max() > 0.28


def test_normal_numbers_are_normal_and_no_two_rows_the_same():
    draw = Draw(seeded(), 2)
    rows = draw.normal(4, 3, 50, 100)
    assert rows.mean().item() == pytest.approx(0, abs=0.02)
    assert rows.std().item() == pytest.approx(1, abs=0.02)
    assert rows.pow(4).mean().item() == pytest.approx(3, abs=0.2)
    assert len(rows.flatten(0, 2).unique(dim=0)) > 590
    assert not torch.equal(rows, draw.normal(4, 3, 50, 100))


def test_chance_of_none_and_of_all():
    assert not Draw(seeded(), 100).chance(0).any()
    assert Draw(seeded(), 100).chance(1).all()
