"""Images as another camera would show them: at other sizes, recoloured, in the colours of another laboratory, worse.

What a head on frozen features learns of them is what it can know of laboratories that it was not shown.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image

from hemascope.adapt.zoom import frame_at
from hemascope.augment.batch import augment
from hemascope.augment.mixing import move_colours
from hemascope.augment.policy import Policy

ZOOMS = tuple(float(zoom) for zoom in np.geomspace(0.62, 1.6, 9).round(3))
"""Those at which cells are drawn, each as likely as the others."""

WAY = (0.4, 1.0)
"""How far towards the other laboratory's colours an image goes, at least and at most."""

SMALL = (24, 64)
"""Sides in pixels, the first and one past the last, to which images are shrunk that a poor camera shows."""

_SHRINKING = (Image.Resampling.BOX, Image.Resampling.BICUBIC)
_WIDE = Policy.model_validate({"name": "wide", "zoom": 1.0, "clean": 0.0})
_SOME = Policy.model_validate({"name": "wide", "zoom": 1.0, "clean": 0.4})
_WORN = Policy.model_validate({"name": "wide", "zoom": 1.1, "clean": 0.0, "degrade": 0.6, "occlude": 0.15})


def framed(images: Sequence[np.ndarray], side: int, zooms: Sequence[float], threads: int = 1) -> np.ndarray:
    """Pictures of any sizes, uint8 (h, w, 3), each at its own zoom: uint8 (n, side, side, 3)."""
    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(lambda image, zoom: frame_at(image, side, zoom), images, zooms)))


def colours_of(images: np.ndarray) -> np.ndarray:
    """Mean and spread of each channel, float32 (n, 2, 3) in [0, 1], of images uint8 (n, h, w, 3).

    >>> colours_of(np.full((1, 4, 4, 3), 255, np.uint8)).tolist()
    [[[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]]
    """
    scaled = images.astype(np.float32) / 255
    return np.stack([scaled.mean(axis=(1, 2)), scaled.std(axis=(1, 2))], axis=1)


def another_camera(
    images: Sequence[np.ndarray], side: int, seed: int, colours: np.ndarray | None = None, threads: int = 1
) -> np.ndarray:
    """Every image at a zoom of its own, changed by the policy `wide`; all where no colours are given, else most.

    Args:
        images: pictures of any sizes, uint8 (h, w, 3).
        side: of the result in pixels.
        seed: of all that is drawn.
        colours: of another laboratory's images, from `colours_of`; each image goes towards those of one of them.
        threads: images framed at a time.

    Returns:
        uint8 (n, side, side, 3).

    >>> another_camera([np.full((90, 60, 3), 90, np.uint8)] * 2, 32, seed=0).shape
    (2, 32, 32, 3)
    """
    draw = np.random.default_rng(seed)
    seen = framed(images, side, draw.choice(ZOOMS, len(images)).tolist(), threads)
    pixels = torch.from_numpy(seen.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    if colours is not None:
        there = torch.from_numpy(colours[draw.integers(0, len(colours), len(images))])[..., None, None]
        way = torch.from_numpy(draw.uniform(*WAY, (len(images), 1, 1, 1)).astype(np.float32))
        pixels = move_colours(pixels, there[:, 0], there[:, 1], way)
    return _changed(pixels, _WIDE if colours is None else _SOME, seed)


def poor_camera(images: Sequence[np.ndarray], side: int, seed: int, threads: int = 1) -> np.ndarray:
    """Every second image shrunk to a few pixels, the others as the policy `wide` has them, but worse.

    Args:
        images: pictures of any sizes, uint8 (h, w, 3).
        side: of the result in pixels.
        seed: of all that is drawn.
        threads: images framed at a time.

    Returns:
        uint8 (n, side, side, 3).

    >>> poor_camera([np.full((90, 60, 3), 90, np.uint8)] * 2, 32, seed=0).shape
    (2, 32, 32, 3)
    """
    draw = np.random.default_rng(seed)
    seen = [
        np.asarray(Image.fromarray(image).resize((int(draw.integers(*SMALL)),) * 2, draw.choice(_SHRINKING)))
        if number % 2 == 0
        else image
        for number, image in enumerate(images)
    ]
    found = framed(seen, side, [1.0] * len(seen), threads)
    others = torch.from_numpy(found[1::2].transpose(0, 3, 1, 2).astype(np.float32) / 255)
    found[1::2] = _changed(others, _WORN, seed)
    return found


def _changed(pixels: torch.Tensor, policy: Policy, seed: int) -> np.ndarray:
    """Pixels float (n, 3, side, side) in [0, 1] changed by a policy: uint8 (n, side, side, 3)."""
    changed = augment(pixels, policy, torch.Generator().manual_seed(seed))
    return (changed * 255).round_().clamp_(0, 255).byte().numpy().transpose(0, 2, 3, 1)
