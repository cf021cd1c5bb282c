import pytest
import torch

from hemascope.augment.draw import Draw
from hemascope.augment.noise import gaussian, salt, shot
from tests.augment.conftest import seeded

DRAW = Draw(seeded(), 2)


@pytest.mark.parametrize("noise", [gaussian, shot, salt])
def test_none_changes_nothing(images, draw, noise):
    assert torch.equal(noise(images, torch.zeros(8), draw), images)


def test_gaussian_noise_has_each_images_deviation():
    noisy = gaussian(torch.full((2, 3, 200, 200), 0.5), torch.tensor([0.02, 0.1]), DRAW)
    assert noisy.std(dim=(1, 2, 3)).tolist() == pytest.approx([0.02, 0.1], rel=0.03)


def test_shot_noise_keeps_the_mean_and_its_variance_is_proportional_to_light():
    light = torch.tensor([0.2, 0.6]).view(2, 1, 1, 1).expand(2, 3, 200, 200)
    noisy = shot(light, torch.full((2,), 0.1), DRAW)
    assert noisy.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.2, 0.6], abs=1e-3)
    assert noisy.var(dim=(1, 2, 3)).tolist() == pytest.approx([0.01 * 0.2, 0.01 * 0.6], rel=0.04)


def test_salt_hits_the_stated_share_in_black_and_white_alike():
    hit = salt(torch.full((2, 3, 200, 200), 0.5), torch.tensor([0.02, 0.2]), DRAW)
    for value in (0, 1):
        assert (hit == value).float().mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.01, 0.1], rel=0.15)
    assert torch.equal(hit[:, 0], hit[:, 1])
