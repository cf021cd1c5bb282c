import pytest
import torch

from hemascope.augment.draw import Draw
from hemascope.augment.occlusion import bubble, cutout, deposit, grid
from tests.augment.conftest import seeded


@pytest.mark.parametrize("occlude", [cutout, grid])
def test_none_changes_nothing(images, draw, occlude):
    assert torch.equal(occlude(images, torch.zeros(8), draw), images)


def test_cutout_is_a_square_of_one_colour_inside_the_image():
    amounts = torch.tensor([0.25, 0.5])
    hidden = cutout(torch.full((2, 3, 40, 40), -1.0), amounts, Draw(seeded(), 2))
    for image, side in zip(hidden, (10, 20), strict=True):
        inside = image[0] >= 0
        assert inside.sum() == side**2
        assert inside.any(dim=0).sum() == side
        assert len(image[:, inside].unique(dim=1).T) == 1


def test_grid_hides_the_square_of_its_share():
    hidden = grid(torch.zeros(300, 3, 60, 60), torch.full((300,), 0.6), Draw(seeded(), 300))
    assert hidden.unique().tolist() == [0, 0.5]
    assert (hidden == 0.5).float().mean().item() == pytest.approx(0.36, abs=0.03)


def test_bubble_pales_its_disc_and_darkens_its_rim():
    grey = torch.full((300, 3, 60, 60), 0.5)
    seen = bubble(grey, torch.full((300,), 0.25), Draw(seeded(), 300))
    assert (seen > 0.55).flatten(1).any(dim=1).float().mean() > 0.95
    assert (seen < 0.45).flatten(1).any(dim=1).float().mean() > 0.95
    untouched = (seen == 0.5).float().mean().item()
    assert 0.75 < untouched < 0.95  # a disc of radius 1/4 covers 0.2, less what lies outside


def test_specks_darken_more_in_green_and_cover_more_when_larger():
    white = torch.ones(200, 3, 60, 60)
    small, large = (deposit(white, torch.full((200,), radius), Draw(seeded(), 200)) for radius in (0.03, 0.1))
    assert (large <= white).all()
    assert (large[:, 1] <= large[:, 0]).all()
    assert (large[:, 0] <= large[:, 2]).all()
    assert (large < 1).float().mean() > 3 * (small < 1).float().mean() > 0
