"""Runs the shift suite: every image under every corruption and severity, a few images in memory at a time."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pandas as pd

from hemascope.cores import usable_cores
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.splits import limited
from hemascope.errors import DecodeError, SourceError
from hemascope.evaluate.metrics import from_confusion
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.evaluate.shift.corruption import REFERENCE_SIDE, SEVERITIES, Corruption
from hemascope.evaluate.shift.result import CLEAN, ShiftResult, groups, spread
from hemascope.progress import SILENT, Progress

Setting = tuple[Corruption | None, int]
"""A corruption and its severity; None and 0 for the image as it is."""


def shift_suite(
    model: ClassifierLike,
    source: Manifest,
    corruptions: Sequence[Corruption],
    *,
    severities: Sequence[int] = SEVERITIES,
    side: int = REFERENCE_SIDE,
    images: int | None = None,
    seed: int = 0,
    split: str = "",
    progress: Progress = SILENT,
) -> ShiftResult:
    """Score a classifier on labelled images under every corruption and severity.

    Each image is read and framed once; its corrupted copies are made in threads while the model classifies those of the
    images before it, and are then forgotten.

    Args:
        model: gives probabilities.
        source: the images; those without a label that the model knows are passed over, and so are unreadable ones.
        corruptions: from `choose_corruptions`.
        severities: of 1 .. 5.
        side: images are framed to a square of this side first.
        images: about so many images, drawn by seed so that every class keeps its share; all where not given.
        seed: of the draw and of the corruptions.
        split: what the result calls the source, where it is one split of a whole.
        progress: told how many images are done.

    Raises:
        SourceError: no usable image has a label that the model knows, or none could be read.
    """
    begun = time.perf_counter()
    # An image is corrupted by its place in the source, so that a part of the images is treated as in the whole.
    places = dict(zip(source.ids, range(len(source)), strict=True))
    rows = limited(source.rows(source.known(model.classes)), images, seed=seed)
    if not len(rows):
        raise SourceError(
            f"{source.name or 'the source'}: none of its images has a label that the model knows",
            "The shift suite needs labelled images.",
        )
    settings: list[Setting] = [(None, 0), *((part, severity) for part in corruptions for severity in severities)]

    def copies(image: np.ndarray, place: int) -> np.ndarray:
        framed = frame(image, side)
        return np.stack(
            [part(framed, severity, seed=seed, position=place) if part else framed for part, severity in settings]
        )

    classes = {name: i for i, name in enumerate(model.classes)}
    targets = rows.table["label"].map(classes).to_numpy(np.int64)
    confusion = np.zeros((len(settings), len(classes), len(classes)), np.int64)
    order = [places[name] for name in rows.ids]
    hits = np.zeros((len(rows), len(settings)), bool)
    read = np.zeros(len(rows), bool)
    progress.step("shift suite", len(rows))
    for row, stack in _ahead(rows, order, copies):
        if stack is not None:
            predicted = model.probabilities(stack).argmax(axis=1)
            confusion[np.arange(len(settings)), targets[row], predicted] += 1
            hits[row], read[row] = predicted == targets[row], True
        progress.done(row + 1)
    if not read.any():
        raise SourceError(f"{source.name or 'the source'}: none of its images can be read")
    table = _table(settings, confusion)
    spreads = spread(hits[read], targets[read], groups(table), seed)
    pace = int(read.sum()) * len(settings) / (time.perf_counter() - begun)
    return ShiftResult(table, side, seed, split, spreads, pace)


def _ahead(
    rows: Manifest, places: Sequence[int], copies: Callable[[np.ndarray, int], np.ndarray]
) -> Iterator[tuple[int, np.ndarray | None]]:
    """Row and corrupted copies of every image in order, made in threads; None for an unreadable one."""
    threads = usable_cores()
    waiting: deque[tuple[int, Future[np.ndarray] | None]] = deque()

    def first() -> tuple[int, np.ndarray | None]:
        row, future = waiting.popleft()
        return row, future.result() if future else None

    pool = ThreadPoolExecutor(threads, thread_name_prefix="corrupt")
    try:
        for row, image in read_images(rows):
            made = None if isinstance(image, DecodeError) else pool.submit(copies, image, places[row])
            waiting.append((row, made))
            if len(waiting) > threads:
                yield first()
        while waiting:
            yield first()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _table(settings: Sequence[Setting], confusion: np.ndarray) -> pd.DataFrame:
    measured = from_confusion(confusion)
    return pd.DataFrame(
        {
            "corruption": [part.name if part else CLEAN for part, _ in settings],
            "severity": [severity for _, severity in settings],
            "images": confusion.sum(axis=(1, 2)),
            "accuracy": measured["accuracy"][:, 0],
            "balanced_accuracy": np.nanmean(measured["recall"], axis=1),
        }
    )
