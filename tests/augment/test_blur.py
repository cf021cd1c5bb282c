import pytest
import torch

from hemascope.augment.blur import defocus, motion
from hemascope.augment.draw import Draw


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
