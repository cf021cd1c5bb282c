import math

import pytest
import torch

from hemascope.augment.draw import Draw
from hemascope.augment.geometry import draw_maps, resample
from tests.augment.conftest import seeded


class Extreme(Draw):
    """Every symmetric draw is the whole strength."""

    def symmetric(self, strength):
        return strength


def moved(images, filled=False, **strengths):
    full = {name: torch.full((len(images),), float(value)) for name, value in strengths.items()}
    return resample(images, draw_maps(full, *images.shape[2:], Extreme(seeded(), len(images))), filled)


def test_without_strengths_there_are_no_maps(draw):
    assert draw_maps({"noise": torch.ones(8)}, 48, 48, draw) is None


@pytest.mark.parametrize("name", ["rotation", "flip", "zoom", "shift", "shear", "elastic"])
def test_strength_zero_changes_nothing(images, name):
    torch.testing.assert_close(moved(images, **{name: 0}), images, rtol=0, atol=1e-4)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_are_rot90(images, quarters):
    turned = moved(images, rotation=quarters * math.pi / 2)
    torch.testing.assert_close(turned, images.rot90(quarters, dims=(2, 3)), rtol=0, atol=1e-4)


def test_angles_are_those_of_square_pixels():
    images = torch.zeros(1, 3, 20, 40)
    images[:, :, 10, 20:30] = 1  # a line to the right of the centre
    turned = moved(images, rotation=math.pi / 2)
    assert turned[0, 0, :10, 18:22].sum() == pytest.approx(10, abs=1)


def test_shift_by_a_quarter_and_zoom_by_two(images):
    torch.testing.assert_close(moved(images, shift=0.25)[:, :, :36, :36], images[:, :, 12:, 12:], rtol=0, atol=1e-4)
    twice = torch.nn.functional.interpolate(images[:, :, 12:36, 12:36], scale_factor=2, mode="bilinear")
    torch.testing.assert_close(
        moved(images, zoom=math.log(2))[:, :, 2:-2, 2:-2], twice[:, :, 2:-2, 2:-2], rtol=0, atol=1e-3
    )


def test_shear_moves_rows_in_proportion_to_their_distance_from_the_centre():
    images = torch.arange(32.0).expand(1, 3, 32, 32).contiguous() / 32
    slope = math.tan(0.1)
    change = 32 * (moved(images, shear=0.1) - images)[0, 0, :, 16]
    assert change.tolist() == pytest.approx([slope * (row - 15.5) for row in range(32)], abs=1e-3)


def test_elastic_is_smooth_and_bounded():
    ramp = torch.arange(64.0).expand(4, 3, 64, 64).contiguous() / 64
    full = {"elastic": torch.full((4,), 0.05)}
    maps = draw_maps(full, 64, 64, Draw(seeded(), 4))
    displaced = 64 * (resample(ramp, maps, False) - ramp)[:, :, 8:-8, 8:-8]
    assert 0.5 < displaced.abs().max() <= 0.05 * 64 + 1e-3
    assert (displaced.diff(dim=3)).abs().max() < 0.5


def test_fill_is_the_borders_mean_colour(images):
    images = images.clone()
    images[:, :, [0, -1]] = images[:, :, :, [0, -1]] = 0.25
    images[:, 1, 0, :], images[:, 1, -1, :] = 0.25, 0.25
    outside = moved(images, filled=True, shift=0.5)[:, :, 30:, 30:]
    torch.testing.assert_close(outside, torch.full_like(outside, 0.25), rtol=0, atol=1e-4)
