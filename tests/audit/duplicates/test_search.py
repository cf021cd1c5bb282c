"""The search on drawings, and on real cells where this machine has them."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hemascope.audit.duplicates.pair import Pair, joined
from hemascope.audit.duplicates.search import IDENTICAL, near_duplicates
from hemascope.data.framing import frame
from hemascope.data.pixels import load_pixels
from hemascope.data.smears import draw
from hemascope.data.sources import open_source
from tests.told import Told


def jpeg(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=40)
    return np.asarray(Image.open(file))


def resized(image: np.ndarray, share: float = 0.7) -> np.ndarray:
    side = len(image)
    small = Image.fromarray(image).resize((round(share * side), round(share * side)), Image.Resampling.BILINEAR)
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR))


def gained(image: np.ndarray, *gain: float) -> np.ndarray:
    return np.asarray(np.clip(image * np.array(gain), 0, 255), np.uint8)


def noisy(image: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(image + np.random.default_rng(0).normal(0, 8, image.shape), 0, 255), np.uint8)


DAMAGE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "recompressed or resampled": jpeg,
    "softer": resized,
    "rotated by 90°": np.rot90,
    "rotated by 180°": lambda image: np.rot90(image, 2),
    "rotated by 270°": lambda image: np.rot90(image, 3),
    "mirrored": np.fliplr,
    "mirrored upside down": np.flipud,
    "cropped to about 95%": lambda image: image[5:, :-5],
    "brighter by": lambda image: gained(image, 1.15, 1.15, 1.15),
    "darker by 15%": lambda image: gained(image, 0.85, 0.85, 0.85),
    "in other colours": lambda image: gained(image, 0.87, 1.02, 1.12),
    "in grey": lambda image: np.asarray(Image.fromarray(image).convert("L").convert("RGB")),
    "rotated by 90°, cropped to about 96%": lambda image: np.rot90(image[2:-2, 2:-2]),
    "mirrored, darker by 15%": lambda image: np.fliplr(gained(image, 0.85, 0.85, 0.85)),
    "noisy: ": noisy,
    "blurred: softer": lambda image: np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1.5))),
}


@pytest.fixture(scope="module")
def drawings() -> list[np.ndarray]:
    return [draw(3, index).image for index in range(64)]


@pytest.fixture(scope="module")
def pairs(drawings: list[np.ndarray]) -> dict[int, Pair]:
    """What is found among the drawings, followed by a damaged copy of each of the first; by the copy's row."""
    copies = [np.ascontiguousarray(damage(image)) for damage, image in zip(DAMAGE.values(), drawings, strict=False)]
    images = np.stack([frame(image, 96) for image in [*drawings, *copies]])
    return {pair.second: pair for pair in near_duplicates(images, np.ones(len(images), bool))}


@pytest.mark.parametrize(("number", "name"), list(enumerate(DAMAGE)))
def test_a_damaged_copy_is_found_and_its_damage_named(number: int, name: str, pairs: dict[int, Pair]) -> None:
    pair = pairs[64 + number]
    assert pair.first == number
    assert 0.6 <= pair.score <= 1
    assert name.rpartition(": ")[2] in pair.relation


def test_nothing_else_is_found(pairs: dict[int, Pair]) -> None:
    assert sorted(pairs) == list(range(64, 64 + len(DAMAGE)))


def test_the_relation_is_seen_from_the_first_whatever_the_order(drawings: list[np.ndarray]) -> None:
    images = np.stack([frame(np.ascontiguousarray(image), 96) for image in (np.rot90(drawings[0]), drawings[0])])
    (pair,) = near_duplicates(images, np.ones(2, bool))
    assert (pair.first, pair.second, pair.relation) == (0, 1, "rotated by 270°")


def test_identical_images_are_tied_to_the_first_of_them(drawings: list[np.ndarray]) -> None:
    images = np.stack([frame(drawings[i], 64) for i in (0, 1, 0, 2, 0, 0)])
    usable = np.array([True, True, True, True, True, False])
    told = Told()
    pairs = near_duplicates(images, usable, progress=told)
    assert pairs == [Pair(0, 2, 1.0, IDENTICAL), Pair(0, 4, 1.0, IDENTICAL)]
    assert all(total is not None and 0 < done <= total for _, done, total in told.counts)
    assert {name for name, _ in told.steps} == {"looking for images that are alike", "looking for copies"}


def test_copies_of_one_image_become_one_group_however_many(drawings: list[np.ndarray]) -> None:
    copies = [
        gained(frame(np.ascontiguousarray(np.rot90(drawings[0], turn)), 64), gain, gain, gain)
        for turn in range(4)
        for gain in np.linspace(0.8, 1.1, 10)
    ]
    images = np.stack([*copies, *(frame(image, 64) for image in drawings[1:4])])
    pairs = near_duplicates(images, np.ones(len(images), bool))
    group = joined(np.full(len(images), -1), pairs)
    assert group.tolist() == [0] * 40 + [-1] * 3
    assert len(pairs) == 39


@pytest.mark.parametrize("image", [np.zeros((32, 32, 3)), np.full((32, 32, 3), 255), np.eye(32)[..., None] * [9, 9, 9]])
def test_images_without_structure_are_no_trouble(image: np.ndarray) -> None:
    images = np.stack([image, np.full_like(image, 40), image + np.arange(3), image]).astype(np.uint8)
    pairs = near_duplicates(images, np.ones(4, bool))
    assert (0, 3) in {(pair.first, pair.second) for pair in pairs}


@pytest.mark.parametrize("usable", [[], [False, False], [True, False]])
def test_fewer_than_two_images_have_no_pairs(usable: list[bool]) -> None:
    assert near_duplicates(np.zeros((len(usable), 28, 28, 3), np.uint8), np.array(usable, bool)) == []


@pytest.mark.parametrize("size", [28, 48, 150])
def test_other_sizes(size: int, drawings: list[np.ndarray]) -> None:
    copies = [np.ascontiguousarray(np.rot90(image)) for image in drawings[:8]]
    images = np.stack([frame(image, size) for image in [*drawings, *copies]])
    pairs = near_duplicates(images, np.ones(len(images), bool))
    assert [(pair.first, pair.second) for pair in pairs] == [(row, 64 + row) for row in range(8)]


def test_real_cells(pbc: Path) -> None:
    manifest = open_source(pbc / "val")
    images = load_pixels(manifest.rows(np.arange(0, len(manifest), 4)), 96).images
    copies = [
        frame(np.ascontiguousarray(list(DAMAGE.values())[i % len(DAMAGE)](image)), 96)
        for i, image in enumerate(images[:48])
    ]
    together = np.concatenate([images, np.stack(copies)])
    pairs = near_duplicates(together, np.ones(len(together), bool))
    assert [(pair.first, pair.second) for pair in pairs] == [(row, len(images) + row) for row in range(48)]
