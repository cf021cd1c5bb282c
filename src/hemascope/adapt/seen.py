"""Some images of a folder as a model classifies them at several zooms."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from hemascope.adapt.views import features_of
from hemascope.adapt.zoom import frame_at
from hemascope.errors import DecodeError, SourceError
from hemascope.predict.classifier import Classifier
from hemascope.predict.items import Item, check, items
from hemascope.predict.source_files import tell_passed_over
from hemascope.progress import SILENT, Progress

FEWEST = 32
"""Fewer images say more about their cells than about their laboratory."""


@dataclass(frozen=True)
class Seen:
    """What a model says of some images.

    Attributes:
        items: the n images.
        probabilities: float32 (zooms, n, k).
        errors: why the others of those tried could not be read.
    """

    items: list[Item]
    probabilities: np.ndarray
    errors: list[str]


def see(
    classifier: Classifier,
    paths: Sequence[str],
    zooms: Sequence[float],
    *,
    limit: int,
    fewest: int = FEWEST,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Seen:
    """Draw some images of the paths and classify each at every zoom; only a few are in memory at a time.

    Args:
        classifier: without a zoom of its own; as many threads are used as it has.
        paths: folders, globs, images, .npz and .tar, as in `hemascope.predict.items.items`.
        zooms: see `hemascope.adapt.zoom.with_zoom`.
        limit: at most so many images, drawn by seed.
        fewest: at least so many.
        seed: of the draw and of the order.
        progress: told of the images done.

    Raises:
        SourceError: a path that matches nothing, or fewer readable images.
        ModelFileError: the network fails on one.
    """
    check(paths)
    tell_passed_over(paths, progress)
    chosen = _drawn(paths, limit, seed)

    def classified(item: Item) -> np.ndarray | str:
        try:
            image = item.pixels()
        except DecodeError as problem:
            return problem.problem
        return at_zooms(classifier, image, zooms)

    progress.step("looking at several zooms", len(chosen))
    read: list[Item] = []
    rows: list[np.ndarray] = []
    errors: list[str] = []
    with ThreadPoolExecutor(classifier.threads, thread_name_prefix="zoom") as pool:
        for done, (item, found) in enumerate(zip(chosen, pool.map(classified, chosen), strict=True), start=1):
            if isinstance(found, str):
                errors.append(found)
            else:
                read.append(item)
                rows.append(found)
            progress.done(done)
    if len(rows) < fewest:
        why = f"; first of {len(errors)} unreadable: {errors[0]}" if errors else ""
        raise SourceError(
            f"{', '.join(paths)}: {len(rows)} readable images, and adapting needs at least {fewest}{why}",
            "Give some hundred images of cells of all classes, as they come.",
        )
    return Seen(read, np.stack(rows, axis=1), errors)


def shorter_sides(paths: Sequence[str], limit: int, seed: int = 0) -> np.ndarray:
    """The shorter side of some images of the paths, drawn by seed, but unreadable ones: pixels, int (n,).

    Raises:
        SourceError: a path that matches nothing, or no readable image.
    """
    check(paths)
    sides = []
    for item in _drawn(paths, limit, seed):
        with suppress(DecodeError):
            sides.append(min(item.pixels().shape[:2]))
    if not sides:
        raise SourceError(f"{', '.join(paths)}: no readable images")
    return np.array(sides)


def at_zooms(classifier: Classifier, image: np.ndarray, zooms: Sequence[float]) -> np.ndarray:
    """Probabilities, float32 (zooms, k), of a picture uint8 (h, w, 3) seen at every zoom beyond the model's own."""
    side = classifier.card.picture_side
    return classifier.run("probabilities", np.stack([frame_at(image, side, zoom) for zoom in zooms]))


def turned_at(classifier: Classifier, items: Sequence[Item], zoom: float, progress: Progress = SILENT) -> np.ndarray:
    """Features, float32 (n, views, d), of readable images at a zoom, turned as `hemascope.adapt.views` does."""
    side = classifier.card.picture_side
    progress.step("looking at turned cells", len(items))

    def seen(item: Item) -> np.ndarray:
        return features_of(classifier, frame_at(item.pixels(), side, zoom)[None])

    found: list[np.ndarray] = []
    with ThreadPoolExecutor(classifier.threads, thread_name_prefix="turns") as pool:
        for one in pool.map(seen, items):
            found.append(one)
            progress.done(len(found))
    return np.concatenate(found)


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
