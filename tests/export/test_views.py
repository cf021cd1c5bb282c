import numpy as np

from hemascope.export.views import WAY, another_camera, colours_of, framed, poor_camera


def pictures(n: int = 12) -> list[np.ndarray]:
    draw = np.random.default_rng(0)
    return [draw.integers(60, 120, (50 + number, 60, 3), np.uint8) for number in range(n)]


def test_each_picture_is_framed_at_its_own_zoom() -> None:
    dot = np.zeros((64, 64, 3), np.uint8)
    dot[24:40, 24:40] = 255
    near, far = framed([dot, dot], 32, [2.0, 1.0], threads=2)
    assert (near[..., 0] > 127).mean() > 3 * (far[..., 0] > 127).mean()


def test_views_are_those_of_their_seed() -> None:
    first = another_camera(pictures(), 24, seed=1)
    assert first.shape == (12, 24, 24, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, another_camera(pictures(), 24, seed=1))
    assert (first != another_camera(pictures(), 24, seed=2)).any()


def test_images_take_the_colours_of_another_laboratory() -> None:
    dark_blue = np.array([[[0.1, 0.1, 0.8], [0.02, 0.02, 0.05]]], np.float32)
    means = colours_of(another_camera(pictures(), 24, seed=0, colours=dark_blue))[:, 0]
    before = colours_of(framed(pictures(), 24, [1.0] * 12))[:, 0]
    nearer = np.abs(means - dark_blue[0, 0]).mean() < (1 - WAY[0]) * np.abs(before - dark_blue[0, 0]).mean() + 0.05
    assert nearer
    assert (means[:, 2] > means[:, 0]).all()


def test_a_poor_camera_shows_little_of_every_second_picture() -> None:
    board = (np.indices((208, 208)).sum(axis=0) % 2 * 255).astype(np.uint8)
    seen = poor_camera([np.stack([board] * 3, axis=2)] * 8, 104, seed=0)
    assert seen.shape == (8, 104, 104, 3)
    assert seen.dtype == np.uint8
    np.testing.assert_array_equal(seen, poor_camera([np.stack([board] * 3, axis=2)] * 8, 104, seed=0))
    fine = [np.abs(np.diff(one.astype(int), axis=0)).mean() for one in seen]
    assert max(fine[::2]) < 40
