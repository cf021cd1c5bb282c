import numpy as np
import pytest
import timm
import torch
from torch import nn

from hemascope.data.smears.paint import draw
from hemascope.models.network import Description, Network
from hemascope.models.unknown import Levels
from hemascope.train.recipe import Recipe
from hemascope.train.unknown import fit_unknown, levels_of, scores_of, strangers
from tests.progress import Told


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    backbone = timm.create_model("test_efficientnet", pretrained=False, num_classes=0)
    return Network(Description("test", 32, (0.5,) * 3, (0.5,) * 3, 256), backbone, nn.Linear(256, 8)).eval()


@pytest.fixture(scope="module")
def cells():
    return np.stack([draw(5, i, 32).image for i in range(240)])


RECIPE = Recipe(input_size=32, augment={"rotation": 180, "flip": 0.5})


def test_known_cells_are_rarely_flagged_and_foreign_pictures_mostly(network, cells):
    targets = np.arange(160) % 8
    told = Told()
    score, card = fit_unknown(network, RECIPE, (cells[:160], targets), cells[160:], list(cells[:20]), progress=told)
    assert told.counts == sorted(told.counts)
    assert told.steps == [("learning what none of the classes looks like", told.counts[-1])]
    levels = Levels(network)
    known = scores_of(score, levels_of(levels, cells[160:]))
    foreign = scores_of(score, levels_of(levels, strangers(list(cells[160:]), 45, 32, seed=9)))
    assert (card["threshold"], card["images"]) == (0.5, 40)
    assert (known > 0.5).mean() < 0.15
    assert np.median(foreign) > np.quantile(known, 0.9)
    assert 0 <= card["rate"] <= 0.15


def test_a_handful_of_images_is_enough(network, cells):
    told = Told()
    few = (cells[:4], np.array([0, 1, 2, 2]))
    score, card = fit_unknown(network, RECIPE, few, cells[4:5], list(cells[:2]), progress=told)
    assert told.steps[0][1] == told.counts[-1]
    assert np.isfinite(scores_of(score, levels_of(Levels(network), cells[:9]))).all()
    assert card["images"] == 1


def test_the_policy_changes_every_image_in_a_seeded_way(network, cells):
    levels = Levels(network)
    plain, one, same, other = (
        levels_of(levels, cells[:8], *policy)
        for policy in ((), (RECIPE.augment, 1), (RECIPE.augment, 1), (RECIPE.augment, 2))
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert (np.abs(one - plain).max(1) > 1e-4).all()


def test_pictures_are_made_by_seed_from_pictures_of_any_shape():
    cells = [draw(0, 0, 64).image, draw(0, 1, 96).image[:, :80]]
    first, again, other = (strangers(cells, 20, 32, seed) for seed in (0, 0, 1))
    assert first.shape == (20, 32, 32, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len({picture.tobytes() for picture in first}) == 20
