"""Classifying any number of images in bounded memory: decode and run in threads, results in order."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from hemascope.data.left_out import left_out
from hemascope.errors import DecodeError, ModelFileError
from hemascope.predict.attributes import Vocabulary
from hemascope.predict.card import ModelCard
from hemascope.predict.items import Item, read_ahead
from hemascope.predict.unlike import mean_colours

_WINDOW_BYTES = 16 << 20  # encoded images that wait for a thread, a window
_HELD_BYTES = 64 << 20  # decoded images that wait for others of their size, a thread
_RUN_BYTES = 24 << 20  # decoded images of one network run; the graph needs several times as much


class Judgement(NamedTuple):
    """What a network gives for n images.

    Attributes:
        probabilities: float32 (n, k).
        unknown: float32 (n,), the score of unknown objects; None where the model has none.
        attributes: float32 (n, v), see `hemascope.predict.attributes`; None where they were not asked for.
    """

    probabilities: np.ndarray
    unknown: np.ndarray | None = None
    attributes: np.ndarray | None = None


class Runnable(Protocol):
    """What predicting asks of a classifier: `hemascope.predict.classifier.Classifier`, which itself predicts by it."""

    card: ModelCard
    path: Path
    threads: int

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""

    @property
    def batch(self) -> int:
        """Images a network run, where nobody says."""

    @property
    def unknown_threshold(self) -> float | None:
        """Where the score of unknown objects begins to flag; None where the model has none."""

    @property
    def digest(self) -> str:
        """Tells models apart."""

    def judge(self, images: np.ndarray, *, attributes: bool = False) -> Judgement:
        """What it says of images uint8 (n, h, w, 3), attributes only where asked for."""


@dataclass(frozen=True)
class Block:
    """Results of some consecutive images.

    Attributes:
        paths: the images' names, m of them.
        probabilities: float32 (m, k); NaN where an image failed.
        errors: why it failed, "" where it did not.
        unknown: float32 (m,), the score of unknown objects, NaN where an image failed; None where the model has none.
        colours: float32 (m, 3), see `hemascope.predict.unlike.mean_colours`, NaN where an image failed; None in results
            that were read back.
        left_out: by the images' names, what of their files is not read: further pages, frames, channels.
        said: of each attribute the value that is said, "" where none is; None where they were not asked for.
    """

    paths: list[str]
    probabilities: np.ndarray
    errors: list[str]
    unknown: np.ndarray | None = None
    colours: np.ndarray | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    said: Sequence[tuple[str, ...]] | None = None

    @property
    def said_or_none(self) -> Sequence[tuple[str, ...] | None]:
        """``said``, or as many None."""
        return [None] * len(self.paths) if self.said is None else self.said

    @property
    def unknown_or_none(self) -> Sequence[float | None]:
        """``unknown``, or as many None."""
        return [None] * len(self.paths) if self.unknown is None else self.unknown.tolist()


def classify(
    classifier: Runnable,
    images: Iterable[Item],
    *,
    batch: int | None = None,
    threads: int | None = None,
    stop: threading.Event | None = None,
    attributes: bool = False,
) -> Generator[Block]:
    """Classify images one window after another, in their order.

    Each thread takes a window, decodes it, and runs images of equal size together; decoding and the network
    release the interpreter's lock, so while some threads decode others compute. At most ``threads + 2`` windows
    exist at a time, so memory does not grow with the number of images.

    Args:
        classifier: what to run.
        images: taken lazily, in the calling thread.
        batch: most images a network run; the classifier's where not given.
        threads: the classifier's where not given.
        stop: when set, windows under way are dropped and the iteration ends early, with all before them given.
        attributes: say what is seen of the cells, too; the model must have them.

    Yields:
        Blocks whose rows, one after another, are the images in order.
    """
    batch = batch or classifier.batch
    threads = threads or classifier.threads
    over = threading.Event()  # set when nobody takes the results any more
    events = (over, stop) if stop else (over,)

    def stopped() -> bool:
        return any(event.is_set() for event in events)

    pool = ThreadPoolExecutor(threads, thread_name_prefix="hemascope")
    waiting: deque[Future[Block | None]] = deque()
    try:
        for window in _windows(read_ahead(images), max(64, 4 * batch), threads):
            if stopped():
                break
            waiting.append(pool.submit(_classify_window, classifier, window, batch, stopped, attributes))
            while len(waiting) >= threads + 2 or (waiting and waiting[0].done()):
                block = waiting.popleft().result()
                if block is None:
                    return
                yield block
        while waiting and (block := waiting.popleft().result()) is not None:
            yield block
    finally:
        over.set()
        pool.shutdown(cancel_futures=True)


def classify_few(classifier: Runnable, images: list[Item], *, attributes: bool = False) -> Block:
    """Classify some images that fit in memory, in the calling thread: to start others takes time."""
    block = _classify_window(classifier, images, len(images), lambda: False, attributes)
    assert block is not None
    return block


def _windows(images: Iterable[Item], size: int, threads: int) -> Iterator[list[Item]]:
    """Lists of up to ``size`` items that hold little memory; the first ones are short, so that every thread starts."""
    window: list[Item] = []
    held = given = 0
    for item in images:
        window.append(item)
        held += item.nbytes
        if len(window) >= (size if given >= threads else max(1, size // 8)) or held >= _WINDOW_BYTES:
            yield window
            given += 1
            window, held = [], 0
    if window:
        yield window


def said_of(classifier: Runnable, found: Judgement) -> list[tuple[str, ...]] | None:
    """What is said of images in words, as in a Block; None where the attributes were not asked for."""
    if found.attributes is None:
        return None
    words = Vocabulary.needed(classifier.card)
    labels = [classifier.classes[top] for top in found.probabilities.argmax(axis=1)]
    threshold = classifier.unknown_threshold
    flags = None if found.unknown is None or threshold is None else found.unknown > threshold
    return words.said(labels, found.attributes, flags)


def _classify_window(
    classifier: Runnable, window: list[Item], batch: int, stopped: Callable[[], bool], attributes: bool
) -> Block | None:
    """The window's results; None when stopped on the way."""
    probabilities = np.full((len(window), len(classifier.classes)), np.nan, np.float32)
    unknown: np.ndarray | None = None
    colours = np.full((len(window), 3), np.nan, np.float32)
    said = [("",) * len(Vocabulary.needed(classifier.card).names)] * len(window) if attributes else None
    errors = [""] * len(window)
    more: dict[str, str] = {}
    waiting: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}  # decoded images by shape
    held = 0

    def run(shape: tuple[int, ...]) -> None:
        nonlocal unknown
        group = waiting.pop(shape)
        found = _run(classifier, [image for _, image in group], attributes)
        for (index, _), row in zip(group, found, strict=True):
            if isinstance(row, str):
                errors[index] = row
                continue
            probabilities[index], score, words = row
            if score is not None:
                unknown = np.full(len(window), np.nan, np.float32) if unknown is None else unknown
                unknown[index] = score
            if said is not None and words is not None:
                said[index] = words

    for index, item in enumerate(window):
        if stopped():
            return None
        try:
            with left_out() as found:
                image = item.pixels()
            if found:
                more[item.path] = found[0]
        except DecodeError as problem:
            errors[index] = _reason(problem, item.path)
            continue
        colours[index] = mean_colours(image[None])
        group = waiting.setdefault(image.shape, [])
        group.append((index, image))
        held += image.nbytes
        if len(group) >= batch or len(group) * image.nbytes >= _RUN_BYTES:
            held -= len(group) * image.nbytes
            run(image.shape)
        elif held >= _HELD_BYTES:
            largest = max(waiting, key=lambda shape: len(waiting[shape]) * waiting[shape][0][1].nbytes)
            held -= len(waiting[largest]) * waiting[largest][0][1].nbytes
            run(largest)
    for shape in list(waiting):
        if stopped():
            return None
        run(shape)
    return Block([item.path for item in window], probabilities, errors, unknown, colours, more, said)


_Row = tuple[np.ndarray, float | None, tuple[str, ...] | None]


def _run(classifier: Runnable, images: list[np.ndarray], attributes: bool) -> list[_Row | str]:
    """A row of probabilities, the score of unknown objects and what is said an image, or why there is none."""
    try:
        found = classifier.judge(np.stack(images), attributes=attributes)
        said = said_of(classifier, found)
    except Exception as problem:
        if len(images) > 1:
            return [row for image in images for row in _run(classifier, [image], attributes)]
        if isinstance(problem, ModelFileError):  # which says so itself
            return [problem.problem.removeprefix(f"{classifier.path}: ")[:300]]
        return [f"the network failed: {str(problem).splitlines()[0][:200]}"]
    rows, nothing = found.probabilities, [None] * len(images)
    scores = nothing if found.unknown is None else found.unknown.tolist()
    finite = np.isfinite(rows).all(axis=1)
    return [
        (row, score, words) if fine else "the network gave no finite probabilities"
        for row, score, words, fine in zip(rows, scores, said or nothing, finite, strict=True)
    ]


def _reason(problem: DecodeError, path: str) -> str:
    """The problem on one line, without the path, which the row names already."""
    return " ".join(str(problem).removeprefix(f"{path}: ").split()) or "unreadable"
