"""Exact values, where a corruption has them."""

import numpy as np
import pytest

from hemascope.evaluate.shift.corruption import Corruption
from hemascope.evaluate.shift.corruptions import mixture
from hemascope.evaluate.shift.registry import CORRUPTIONS


def corrupted(name: str, image: np.ndarray, severity: int) -> np.ndarray:
    return CORRUPTIONS[name](image, severity)


def flat(*colour: int, side: int = 224) -> np.ndarray:
    return np.full((side, side, 3), colour, np.uint8)


def test_brightness_multiplies():
    assert (corrupted("brightness_down", flat(200, 100, 50), 5) == (100, 50, 25)).all()
    assert (corrupted("brightness_up", flat(100, 150, 200), 2) == (120, 180, 240)).all()
    assert (corrupted("brightness_up", flat(255, 255, 255), 5) == 255).all()


def test_contrast_shrinks_towards_the_mean_grey():
    image = flat(100, 100, 100)
    image[:112] = 200
    assert set(np.unique(corrupted("contrast_down", image, 5))) == {125, 175}


@pytest.mark.parametrize(
    ("colour", "expected"),
    [((200, 100, 100), (200, 60, 60)), ((100, 100, 100), (100, 80, 80)), ((200, 0, 50), (200, 0, 50))],
    ids=["0.2 more", "grey is red", "full"],
)
def test_saturate_adds_to_the_saturation(colour, expected):
    assert (corrupted("saturate", flat(*colour, side=4), 5) == expected).all()


def test_defocus_spreads_a_point_over_a_disc():
    image = flat(0, 0, 0)
    image[100, 100] = 255
    made = corrupted("defocus_blur", image, 1)
    shown = np.argwhere(made[..., 0] > 0)
    assert len(shown) == 13  # whole pixels within a radius of 2
    assert (np.hypot(*(shown - 100).T) <= 2).all()
    assert (made[100, 100] == round(255 / 13)).all()


def test_motion_blur_leaves_a_fading_trail_on_one_side():
    image = flat(0, 0, 0)
    image[100, 100] = 255
    made = corrupted("motion_blur", image, 2)[..., 0]
    trail = made.max(axis=0)[90:101]
    assert (np.diff(trail.astype(int)) >= 0).all()
    assert made[100, 100] == made.max()
    assert (made[:, 101:] == 0).all()


def test_blurs_leave_a_flat_image_alone():
    for name in ("defocus_blur", "motion_blur", "pixelate", "downscale", "sharpen"):
        assert (corrupted(name, flat(90, 120, 150), 5) == (90, 120, 150)).all()


def test_pixelate_leaves_blocks():
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    blocks = corrupted("pixelate", image, 5).reshape(56, 4, 56, 4, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()


def test_downscale_ends_at_28_pixels():
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    detail = np.abs(np.fft.rfft2(corrupted("downscale", image, 5)[..., 0].astype(float)))
    assert detail[28:-28, 28:].max() < 0.1 * detail[1:14, 1:14].max()


def test_salt_and_pepper_lose_their_share():
    made = corrupted("salt_pepper", flat(128, 128, 128), 5)
    assert (made != 128).mean() == pytest.approx(0.17, abs=0.01)
    assert set(np.unique(made)) == {0, 128, 255}


def test_noise_has_its_strength():
    assert corrupted("gaussian_noise", flat(128, 128, 128), 2).std() == pytest.approx(0.08 * 255, rel=0.03)
    assert corrupted("shot_noise", flat(102, 102, 102), 4).std() == pytest.approx(255 * 0.4**0.5 / 10**0.5, rel=0.03)


def test_channel_shift_moves_two_channels_apart():
    assert sorted(corrupted("channel_shift", flat(100, 100, 100, side=4), 1)[0, 0]) == [92, 100, 108]


def test_stain_shift_keeps_white_and_what_no_stain_is_in():
    assert (corrupted("stain_shift", flat(255, 255, 255, side=4), 5) == 255).all()


def test_zoom_out_and_rotation_leave_the_middle():
    image = flat(10, 200, 90)
    for name in ("zoom_out", "rotation", "shift", "vignetting"):
        made = corrupted(name, image, 5)
        assert np.abs(made[112, 112].astype(int) - image[112, 112]).max() <= 1
        assert (made[0, 0] != image[0, 0]).any() or (made[-1, -1] != image[0, 0]).any()


def test_bubbles_brighten_and_deposits_are_black():
    image = flat(100, 100, 100)
    brighter = corrupted("bubble", image, 5)
    assert brighter.min() == 100
    veil, rim = round(100 + 155 * 100 / 255), round(100 + 155 * 130 / 255)
    assert {veil, rim} <= set(np.unique(brighter)) <= set(range(100, rim + 1))
    marked = corrupted("stain_deposit", image, 5)
    assert (marked.min(), marked.max()) == (0, 100)
    assert 0.005 < (marked == 0).mean() < 0.15


def test_one_to_three_different_corruptions_of_the_severity_asked_for():
    seen: list[tuple[str, int]] = []

    def watched(name: str) -> Corruption:
        def apply(image, severity, generator):
            seen.append((name, severity))
            return image

        return Corruption(name, name, "blur", apply)

    mixed = mixture([watched(name) for name in "abcd"])
    counts = set()
    for i in range(60):
        seen.clear()
        mixed(np.zeros((2, 2, 3), np.uint8), 4, np.random.default_rng(i))
        assert len({name for name, _ in seen}) == len(seen)
        assert {severity for _, severity in seen} == {4}
        counts.add(len(seen))
    assert counts == {1, 2, 3}
