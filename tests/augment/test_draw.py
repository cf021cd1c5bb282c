import math

import pytest
import torch

from hemascope.augment.draw import Draw, draw_strengths
from hemascope.augment.policy import FULL, GROUPS, Policy
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


def test_units_are_radians_and_logarithms():
    strengths = draw_strengths(Policy(rotation=90, zoom=2, shift=0.1), Draw(seeded(), 3))
    assert strengths["rotation"].tolist() == pytest.approx([math.pi / 2] * 3)
    assert strengths["zoom"].tolist() == pytest.approx([math.log(2)] * 3)
    assert strengths["shift"].tolist() == pytest.approx([0.1] * 3)
    assert set(strengths) == {"rotation", "zoom", "shift"}


def test_an_image_gets_at_most_one_of_each_group_with_the_stated_chance():
    strengths = draw_strengths(Policy.model_validate({"name": "wide", "degrade": 0.4}), Draw(seeded(), 5000))
    for group, names in GROUPS.items():
        given = torch.stack([strengths[name] > 0 for name in names])
        assert given.sum(dim=0).max() == 1
        chance = 0.25 if group == "occlusion" else 0.4
        assert given.any(dim=0).float().mean() == pytest.approx(chance, abs=0.03)
        assert given.float().mean(dim=1).tolist() == pytest.approx([chance / len(names)] * len(names), abs=0.03)


def test_rand_gives_every_image_its_own_operations_of_the_stated_strength():
    strengths = draw_strengths(Policy(rand=3, magnitude=0.5), Draw(seeded(), 200))
    given = torch.stack([amounts > 0 for amounts in strengths.values()])
    assert (given.sum(dim=0) == 3).all()
    assert given.any(dim=1).all()
    assert len({tuple(column) for column in given.T.tolist()}) > 150
    assert strengths["noise"].max() == pytest.approx(0.5 * FULL["noise"])
    assert "flip" not in strengths


def test_rand_adds_to_the_fixed_part():
    strengths = draw_strengths(Policy(rotation=180, brightness=0.1, rand=5, magnitude=1), Draw(seeded(), 200))
    assert strengths["rotation"].tolist() == pytest.approx([math.pi] * 200)
    assert sorted({round(value, 4) for value in strengths["brightness"].tolist()}) == [0.1, FULL["brightness"]]


def test_rand_leaves_what_an_image_gets_of_the_rest_as_it_is():
    wide, both = (
        draw_strengths(Policy.model_validate({"name": "wide", "rand": rand}), Draw(seeded(), 100)) for rand in (0, 2)
    )
    raised = torch.stack([both[name] > wide.get(name, torch.zeros(100)) for name in both])
    assert all((both[name] >= wide[name]).all() for name in wide)
    assert raised.sum(dim=0).max() == 2
    assert raised.any(dim=1).sum() > 20
