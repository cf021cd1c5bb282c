import numpy as np
import pytest

from hemascope.data.smears.canvas import Canvas, cover
from hemascope.data.smears.shapes import Limb, Shape


def smooth(*limbs: Limb) -> Shape:
    return Shape(limbs, ruffle=0.0)


def test_depth_is_the_distance_to_the_outline() -> None:
    canvas = Canvas.field(190)
    depth = canvas.depth(smooth(Limb.disc(1.0, -2.0, 3.0)), np.random.default_rng(0))
    np.testing.assert_allclose(depth, 3 - np.hypot(canvas.x - 1, canvas.y + 2), atol=1e-5)


def test_a_capsule_has_the_area_of_a_capsule() -> None:
    canvas = Canvas.field(380)
    depth = canvas.depth(smooth(Limb(-2.0, -1.0, 2.0, 2.0, 1.5)), np.random.default_rng(0))
    assert (depth > 0).sum() * canvas.pixel**2 == pytest.approx(np.pi * 1.5**2 + 3 * 5, rel=0.005)


def test_limbs_that_meet_flow_together() -> None:
    canvas = Canvas.field(190)
    pair = smooth(Limb.disc(-1.0, 0, 1.0), Limb.disc(1.0, 0, 1.0))
    centre = canvas.depth(pair, np.random.default_rng(0))[94:96, 94:96]
    assert centre.min() > 0.05  # the discs only touch there


def test_texture_has_unit_spread_whatever_its_grain_and_the_pixel_size() -> None:
    for pixels, grain in ((96, 1.0), (192, 0.4), (384, 0.4), (192, 1.5)):
        texture = Canvas.field(pixels).texture(np.random.default_rng(5), grain)
        assert abs(texture.mean()) < 0.3
        assert texture.std() == pytest.approx(1, abs=0.15)


def test_texture_is_the_same_at_another_pixel_size_and_in_a_window() -> None:
    coarse, fine = (Canvas.field(pixels).texture(np.random.default_rng(1), 1.0) for pixels in (100, 200))
    np.testing.assert_allclose(fine.reshape(100, 2, 100, 2).mean((1, 3)), coarse, atol=0.05)
    window = Canvas.field(100).window(3.0, -4.0, 2.0)
    part = window.texture(np.random.default_rng(1), 1.0)
    np.testing.assert_allclose(part, coarse[window.rows, window.columns], atol=1e-5)


def test_a_window_is_centred_and_clipped_to_the_field() -> None:
    window = Canvas.field(190).window(9.0, 0.0, 2.0)
    assert window.columns.stop == 190
    assert window.y.mean() == pytest.approx(0, abs=0.1)
    assert window.x.min() == pytest.approx(-2, abs=0.15)
    assert 0 in Canvas.field(190).window(30.0, 0.0, 2.0).shape


def test_discs_have_their_areas_and_add_up() -> None:
    canvas = Canvas.field(380)
    one = canvas.discs(np.array([(1.3, -2.1, 0.8)]), np.ones(1))
    # The edge falls from 0.65 to 1.35 of the radius: half height lies on the radius.
    assert (one > 0.5).sum() * canvas.pixel**2 == pytest.approx(np.pi * 0.8**2, rel=0.03)
    row, column = np.unravel_index(one.argmax(), one.shape)
    assert (canvas.x[0, column], canvas.y[row, 0]) == pytest.approx((1.3, -2.1), abs=0.6)
    two = canvas.discs(np.array([(1.3, -2.1, 0.8)] * 2), np.array([1.0, 0.5]))
    np.testing.assert_allclose(two, 1.5 * one, atol=1e-5)


def test_discs_over_the_border_are_cut_and_those_outside_are_passed_over() -> None:
    canvas = Canvas.field(190)
    half = canvas.discs(np.array([(9.5, 0.0, 1.0), (40.0, 0.0, 1.0), (0.0, -11.5, 1.0)]), np.ones(3))
    assert (half > 0.5).sum() * canvas.pixel**2 == pytest.approx(np.pi / 2, rel=0.06)
    assert half[:, :95].max() == 0
    assert canvas.discs(np.empty((0, 3)), np.ones(0)).shape == (190, 190)


def test_cover_is_half_on_the_outline() -> None:
    np.testing.assert_allclose(cover(np.array([-1.0, 0.0, 1.0])), [0, 0.5, 1])
