import math

import pytest
import torch

from hemascope.augment.draw import Draw
from hemascope.augment.policy import FULL, GROUPS, Policy
from hemascope.augment.strengths import draw_strengths
from tests.augment.conftest import seeded


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
