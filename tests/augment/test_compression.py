import io

import numpy as np
import pytest
import torch
from PIL import Image

from hemascope.augment.compression import jpeg, pixelate
from hemascope.augment.draw import Draw
from hemascope.data.smears import draw as smear
from tests.augment.conftest import seeded


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
