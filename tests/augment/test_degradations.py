import io

import numpy as np
import pytest
import torch
from PIL import Image

from hemascope.augment.degradations import (
    defocus,
    gaussian_noise,
    jpeg,
    motion,
    pixelate,
    posterise,
    salt,
    shot,
    solarise,
    vignette,
)
from hemascope.augment.draw import Draw
from hemascope.data.smears import draw as smear
from tests.augment.conftest import seeded

RAMP = torch.linspace(0, 1, 256).view(1, 1, 16, 16).expand(1, 3, 16, 16)


@pytest.mark.parametrize("blur", [defocus, motion])
def test_no_radius_changes_nothing(images, draw, blur):
    torch.testing.assert_close(blur(images, torch.zeros(8), draw), images)


@pytest.mark.parametrize("blur", [defocus, motion])
def test_blur_keeps_flat_fields_and_the_sum_of_a_point(draw, blur):
    flat = torch.full((8, 3, 20, 20), 0.7)
    torch.testing.assert_close(blur(flat, torch.linspace(0, 0.2, 8), draw), flat)
    point = torch.zeros(8, 3, 41, 41)
    point[:, :, 20, 20] = 1
    spread = blur(point, torch.linspace(0, 0.2, 8), draw)
    torch.testing.assert_close(spread.sum(dim=(2, 3)), torch.ones(8, 3))


def test_a_points_disc_has_the_stated_radius_own_for_each_image(draw):
    point = torch.zeros(2, 3, 100, 100)
    point[:, :, 50, 50] = 1
    spread = defocus(point, torch.tensor([0.04, 0.08]), draw)[:, 0]
    assert (spread > 0).sum(dim=(1, 2)).sqrt().tolist() == pytest.approx(
        [3.14159**0.5 * r for r in (4.5, 8.5)], rel=0.06
    )
    assert (spread[0, 50, 46:55] > 0).all()
    assert spread[0, 50, 45] == 0


def test_a_point_in_motion_becomes_a_line_of_the_stated_length(draw):
    point = torch.zeros(8, 3, 101, 101)
    point[:, :, 50, 50] = 1
    seen = motion(point, torch.full((8,), 0.2), draw)[:, 0]
    y, x = torch.meshgrid(torch.arange(101.0) - 50, torch.arange(101.0) - 50, indexing="ij")
    for line in seen:
        moments = torch.stack([(line * a * b).sum() for a, b in ((x, x), (x, y), (x, y), (y, y))]).view(2, 2)
        beside, along = torch.linalg.eigvalsh(moments).tolist()
        assert along == pytest.approx(20.2**2 / 12, rel=0.15)  # the variance of an even line
        assert beside < 0.5


def test_directions_differ(draw):
    assert isinstance(draw, Draw)
    image = torch.rand(1, 3, 24, 24).expand(8, -1, -1, -1)
    assert len(motion(image, torch.full((8,), 0.2), draw).flatten(1).unique(dim=0)) == 8


@pytest.mark.parametrize("operation", [vignette, solarise, posterise])
def test_light_and_tone_of_none_change_nothing(operation):
    torch.testing.assert_close(operation(RAMP, torch.zeros(1), Draw(seeded(), 1)), RAMP)


@pytest.mark.parametrize(("bits", "levels"), [(1, 128), (4, 16), (6, 4), (7, 2), (7.5, 2)])
def test_posterise_leaves_as_many_levels(bits, levels):
    values = posterise(RAMP, torch.tensor([float(bits)]), Draw(seeded(), 1)).unique()
    torch.testing.assert_close(values, torch.linspace(0, 1, levels), rtol=0, atol=1e-6)


def test_solarise_inverts_the_bright_part():
    inverted = solarise(RAMP, torch.tensor([0.25]), Draw(seeded(), 1))
    bright = RAMP > 0.75
    torch.testing.assert_close(inverted[bright], 1 - RAMP[bright])
    assert torch.equal(inverted[~bright], RAMP[~bright])


def test_vignette_darkens_away_from_its_centre_by_the_stated_share():
    dark = vignette(torch.ones(500, 3, 9, 9), torch.full((500,), 0.4), Draw(seeded(), 500))
    corners = dark[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (1 - corners.mean()).item() == pytest.approx(0.4, rel=0.15)
    assert (corners.amin(dim=1) < dark[:, 0, 4, 4]).all()


@pytest.mark.parametrize("noise", [gaussian_noise, shot, salt])
def test_noise_of_none_changes_nothing(images, draw, noise):
    assert torch.equal(noise(images, torch.zeros(8), draw), images)


def test_gaussian_noise_has_each_images_deviation():
    noisy = gaussian_noise(torch.full((2, 3, 200, 200), 0.5), torch.tensor([0.02, 0.1]), Draw(seeded(), 2))
    assert noisy.std(dim=(1, 2, 3)).tolist() == pytest.approx([0.02, 0.1], rel=0.03)


def test_shot_noise_keeps_the_mean_and_its_variance_is_proportional_to_light():
    light = torch.tensor([0.2, 0.6]).view(2, 1, 1, 1).expand(2, 3, 200, 200)
    noisy = shot(light, torch.full((2,), 0.1), Draw(seeded(), 2))
    assert noisy.mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.2, 0.6], abs=1e-3)
    assert noisy.var(dim=(1, 2, 3)).tolist() == pytest.approx([0.01 * 0.2, 0.01 * 0.6], rel=0.04)


def test_salt_hits_the_stated_share_in_black_and_white_alike():
    hit = salt(torch.full((2, 3, 200, 200), 0.5), torch.tensor([0.02, 0.2]), Draw(seeded(), 2))
    for value in (0, 1):
        assert (hit == value).float().mean(dim=(1, 2, 3)).tolist() == pytest.approx([0.01, 0.1], rel=0.15)
    assert torch.equal(hit[:, 0], hit[:, 1])


def cells(size: int = 96) -> torch.Tensor:
    return torch.from_numpy(np.stack([smear(0, i, size).image for i in range(4)])).permute(0, 3, 1, 2) / 255


def test_the_best_quality_is_close_to_identity(images, draw):
    grey = images[:, :1].expand(-1, 3, -1, -1)  # colours lose resolution at any quality
    torch.testing.assert_close(jpeg(grey, torch.zeros(8), draw), grey, rtol=0, atol=0.01)
    assert (jpeg(images, torch.zeros(8), draw) - images).abs().mean() < 0.01


@pytest.mark.parametrize("quality", [10, 30, 60, 90])
def test_jpeg_resembles_pillows_file_of_that_quality(quality):
    images = cells()
    ours = jpeg(images, torch.full((4,), 1 - quality / 100), Draw(seeded(), 4))
    for image, own in zip(images, ours, strict=True):
        file = io.BytesIO()
        picture = Image.fromarray((image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())
        picture.save(file, "JPEG", quality=quality, subsampling=2)
        theirs = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1) / 255
        assert (own - theirs).square().mean() < 0.15 * (theirs - image).square().mean()


def test_sides_that_are_no_multiple_of_a_block():
    images = torch.rand(2, 3, 21, 13)
    squeezed = jpeg(images, torch.tensor([0.5, 1.0]), Draw(seeded(), 2))
    assert squeezed.shape == images.shape
    assert 0 <= squeezed.min() <= squeezed.max() <= 1


def test_pixelate_by_nothing_changes_nothing_and_by_a_half_averages_blocks_or_blends_them(images, draw):
    torch.testing.assert_close(pixelate(images, torch.zeros(8), draw), images, rtol=0, atol=1e-5)
    means = torch.nn.functional.avg_pool2d(images, 2)
    blocks = means.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    blended = torch.nn.functional.interpolate(means, scale_factor=2, mode="bilinear")
    halved = pixelate(images, torch.full((8,), 0.5), draw)
    either = [
        min((a - b).abs().max().item(), (a - c).abs().max().item())
        for a, b, c in zip(halved, blocks, blended, strict=True)
    ]
    assert max(either) < 1e-5
    assert {torch.allclose(a, b, atol=1e-5) for a, b in zip(halved, blocks, strict=True)} == {True, False}


def test_every_image_loses_its_own_share(draw):
    noise = torch.rand(8, 3, 40, 40, generator=seeded())
    left = pixelate(noise, torch.linspace(0.1, 0.9, 8), draw).std(dim=(1, 2, 3))
    assert left[0] > 2 * left[-1]
    torch.testing.assert_close(
        pixelate(torch.full((8, 3, 40, 40), 0.3), torch.full((8,), 0.7), draw), torch.full((8, 3, 40, 40), 0.3)
    )
