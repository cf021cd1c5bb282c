"""The unlabelled images of a folder, framed for the network."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hemascope.data.framing import frame
from hemascope.errors import DecodeError, SourceError
from hemascope.predict.items import Item, check, items

FEWEST = 32
"""Statistics of fewer images say more about their cells than about their laboratory."""


@dataclass(frozen=True)
class Framed:
    """What was read.

    Attributes:
        images: uint8 (n, size, size, 3), in random order.
        errors: why the others of those tried could not be read.
    """

    images: np.ndarray
    errors: list[str]


def read_folder(
    paths: Sequence[str],
    size: int,
    *,
    limit: int,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Framed:
    """Draw some images of the paths and frame them.

    Args:
        paths: folders, globs, images, .npz and .tar, as in `hemascope.predict.items.items`.
        size: side of the network's input in pixels.
        limit: at most so many, drawn by seed.
        seed: of the draw and of the order.
        threads: images decoded at a time.
        progress: called with the images done and their number.

    Raises:
        SourceError: a path that matches nothing, or fewer than `FEWEST` readable images.
    """
    check(paths)
    chosen = _drawn(paths, limit, seed)
    images: list[np.ndarray] = []
    errors: list[str] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        for done, found in enumerate(pool.map(lambda item: _framed(item, size), chosen), start=1):
            if isinstance(found, str):
                errors.append(found)
            else:
                images.append(found)
            if progress:
                progress(done, len(chosen))
    if len(images) < FEWEST:
        why = f"; first of {len(errors)} unreadable: {errors[0]}" if errors else ""
        raise SourceError(
            f"{', '.join(paths)}: {len(images)} readable images, and adapting needs at least {FEWEST}{why}",
            "Give some hundred images of cells of all classes, as they come.",
        )
    return Framed(np.stack(images), errors)


def _drawn(paths: Sequence[str], limit: int, seed: int) -> list[Item]:
    """At most ``limit`` items, each as likely as the others, in random order; no more are held at a time."""
    generator = np.random.default_rng(seed)
    chosen: list[Item] = []
    for place, item in enumerate(items(paths)):
        if place < limit:
            chosen.append(item)
        elif (chance := int(generator.integers(0, place + 1))) < limit:
            chosen[chance] = item
    return [chosen[i] for i in generator.permutation(len(chosen))]


def _framed(item: Item, size: int) -> np.ndarray | str:
    try:
        return frame(item.pixels(), size)
    except DecodeError as problem:
        return problem.problem
