"""The deployed classifier: images in, calibrated probabilities out."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from io import IOBase
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, overload

import numpy as np
import onnxruntime as ort

from hemascope.cells import colours, title
from hemascope.cores import usable_cores
from hemascope.errors import DecodeError, ModelFileError
from hemascope.predict.card import ModelCard, class_sets, set_mass
from hemascope.predict.items import Item, check, items
from hemascope.predict.modelfile import BATCH, INPUT, OUTPUTS, UNKNOWN, open_model, reason
from hemascope.predict.pixels import Picture, pixels
from hemascope.predict.shipped import DEFAULT, find
from hemascope.predict.stream import Block, classify, classify_few
from hemascope.predict.trial import check_answers

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one image.

    Attributes:
        label: the most probable class; "" where the image could not be read.
        confidence: its calibrated probability, 0 .. 1.
        probabilities: class -> probability, in the card's order; they sum to 1.
        error: why the image could not be read, "" where it could.
        unknown: how little the picture is like the classes' cells, 0 .. 1; None where the model file does not tell.
        is_unknown: whether that is above the card's threshold, so that probably no class fits; None as before.
    """

    label: str
    confidence: float
    probabilities: dict[str, float] = field(default_factory=dict)
    error: str = ""
    unknown: float | None = None
    is_unknown: bool | None = None

    @classmethod
    def of(
        cls,
        classes: Sequence[str],
        probabilities: np.ndarray,
        unknown: float | None = None,
        threshold: float | None = None,
    ) -> "Prediction":
        """From one row of probabilities, float32 (k,), and the score of unknown objects with its threshold.

        >>> Prediction.of(("monocyte", "platelet"), np.array([0.25, 0.75])).label
        'platelet'
        """
        top = int(probabilities.argmax())
        values = dict(zip(classes, probabilities.tolist(), strict=True))
        flag = None if unknown is None or threshold is None else unknown > threshold
        return cls(classes[top], values[classes[top]], values, unknown=unknown, is_unknown=flag)

    def _repr_html_(self) -> str:
        from hemascope.predict.html import bars

        if self.error:
            return f"<p>Not read: {escape(self.error)}</p>"
        doubt = " (probably none of these)" if self.is_unknown else ""
        inks = colours(tuple(self.probabilities))
        shares = zip(self.probabilities.items(), inks, strict=True)
        lines = [(name, share, ink, f"{share:.3f}") for (name, share), ink in shares]
        return f"<p><b>{escape(title(self.label))}</b>{doubt}</p>" + bars(lines)


class Classifier:
    """A model file, ready to use; safe to call from several threads. Made by `load`.

    Attributes:
        card: what the model is, what it saw and what it scores.
        path: the model file.
        threads: images worked on at a time.
    """

    def __init__(self, session: ort.InferenceSession, card: ModelCard, path: Path, threads: int) -> None:
        self.card = card
        self.path = path
        self.threads = threads
        self._session = session

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""
        return self.card.classes

    @property
    def unknown_threshold(self) -> float | None:
        """Scores of `unknown` above it mean that probably no class fits; None where the file has no such output."""
        return self.card.unknown.get("threshold")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model file, which tells models apart."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @overload
    def __call__(self, image: Picture) -> Prediction: ...  # type: ignore[overload-overlap]  # str is a Sequence too
    @overload
    def __call__(self, image: Sequence[Picture]) -> list[Prediction]: ...
    @overload
    def __call__(self, image: Iterator[Picture]) -> Iterator[Prediction]: ...
    def __call__(self, image: Picture | Iterable[Picture]) -> Prediction | list[Prediction] | Iterator[Prediction]:
        """Classify one image, or many of any sizes.

        Args:
            image: a path, encoded bytes, a Pillow image or uint8 pixels (h, w, 3); or a list, a column of a table or
                an iterator of such, or uint8 pixels (n, h, w, 3).

        Returns:
            a Prediction. For many a list of them; for an iterator, which may be of any length, an iterator, so that few
            images are in memory at a time. There, an image that cannot be read has its ``error`` filled and no label,
            so that it does not lose the others.

        Raises:
            DecodeError: a single image that cannot be read.
            ModelFileError: the network fails on a single image, or gives other than promised.

        >>> import hemascope
        >>> classifier = hemascope.load(threads=1)
        >>> drawn = np.full((96, 96, 3), 200, np.uint8)
        >>> [found.label in classifier.classes for found in classifier(iter([drawn, drawn]))]
        [True, True]
        """
        if isinstance(image, Iterator) and not isinstance(image, IOBase):  # an open file is no stream of images
            return self._each(image)
        if _are_many(image):
            return self._many(image)
        probabilities, unknown = self.judge(pixels(image)[None])  # type: ignore[arg-type]
        return self._prediction(probabilities[0], None if unknown is None else unknown[0])

    def table(
        self, images: str | Path | Picture | Iterable[str | Path | Picture], *, coverage: float | None = None
    ) -> "pd.DataFrame":
        """Classify images, or all of a source, into a table; needs pandas.

        Args:
            images: paths are sources as in `hemascope.predict`: pictures, folders, globs, archives, .npz, Parquet, CSV,
                Manifests or names; anything else is one image, or a list or iterator of images. Lists may mix them.
            coverage: add the column ``set``: the classes that hold the true one in this share of cells, as 0.95.

        Returns:
            a row an image: ``path, label, confidence``, one probability a class, ``unknown`` and ``is_unknown`` where
            the model tells, ``error``; None where there is no value.

        Raises:
            HemascopeError: pandas is not installed; there is no such source; the model has no sets of that coverage.
        """
        from hemascope.predict.dataframe import as_frame, require_pandas
        from hemascope.predict.rows import Layout

        require_pandas()
        layout = Layout.of(self, coverage)
        return as_frame(classify(self, _named(images)), layout)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float32 (n, k), of uint8 RGB images (n, h, w, 3) of any h and w."""
        return self._parallel("probabilities", images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """The network's pooled features, float32 (n, d), of uint8 RGB images (n, h, w, 3) of any h and w."""
        return self._parallel("features", images)

    def unknown(self, images: np.ndarray) -> np.ndarray:
        """How little images are like the classes' cells, float32 (n,) in [0, 1]; arguments as in `probabilities`.

        The higher, the likelier a picture shows none of the classes; `unknown_threshold` is where to draw the line.

        Raises:
            ModelFileError: the model file has no such output.
        """
        if self.unknown_threshold is None:
            raise ModelFileError(
                f"{self.path}: it has no score of unknown objects",
                "Older files have none. To write one of a finished Run anew: hemascope train --resume RUN",
            )
        return self._parallel(UNKNOWN, images)

    def sets(self, probabilities: np.ndarray, coverage: float) -> list[tuple[str, ...]]:
        """Conformal prediction sets: the classes that may be true, most probable first, never none.

        Of cells like those of the validation part, at least the share ``coverage`` has the true class in its set, and
        the more doubtful a cell, the larger is its set (Vovk et al. 2005; Romano et al. 2020): the card's ``conformal``
        says what was measured. That is no promise of a picture like none of the classes, see `unknown`: leave its set
        out, as `table` does.

        Args:
            probabilities: float (n, k), as `probabilities` gives them.
            coverage: one of those on the card, as 0.95.

        Raises:
            ModelFileError: the card names no sets of this coverage.
        """
        return class_sets(probabilities, self.classes, set_mass(self.card, coverage))

    def judge(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Like `run`, for probabilities (n, k) and, where the file has it, the score of unknown objects (n,)."""
        if self.unknown_threshold is None:
            return self.run("probabilities", images), None
        probabilities, unknown = self._run(("probabilities", UNKNOWN), images)
        return probabilities, unknown

    def run(self, output: str, images: np.ndarray) -> np.ndarray:
        """One run of the network, in the calling thread.

        Args:
            output: ``probabilities``, ``features`` or, where the file has it, ``unknown``.
            images: uint8 (n, h, w, 3); all n are in memory at once, so few.

        Returns:
            float32 (n, k), (n, d) or (n,).

        Raises:
            DecodeError: other dtype or shape.
            ModelFileError: the network fails, or gives other than promised.
        """
        return self._run((output,), images)[0]

    def run_all(self, images: np.ndarray, outputs: tuple[str, ...] = OUTPUTS) -> list[np.ndarray]:
        """Like `run`, for several outputs at once; where not given, probabilities (n, k) and features (n, d)."""
        return self._run(outputs, images)

    def _run(self, outputs: tuple[str, ...], images: np.ndarray) -> list[np.ndarray]:
        _check(images)
        try:
            found: list[np.ndarray] = self._session.run(list(outputs), {INPUT: np.ascontiguousarray(images)})
        except Exception as problem:  # onnxruntime's errors have no common base; out of memory is the likely one
            n, height, width = images.shape[:3]
            those = "one image" if n == 1 else f"{n:,} images"
            raise ModelFileError(
                f"{self.path}: the network failed on {those} of {height:,} x {width:,} pixels ({reason(problem)})",
                "Give smaller images or fewer at a time; if that does not help, another model file.",
            ) from problem
        check_answers(self.path, outputs, found, len(images), len(self.classes))
        return found

    def _parallel(self, output: str, images: np.ndarray) -> np.ndarray:
        images = np.asarray(images)
        if len(images) <= 1 or (self.threads == 1 and len(images) <= BATCH):
            return self.run(output, images)
        # No more in a run than a fair share, so that a small stack uses every core too.
        share = min(BATCH, -(-len(images) // self.threads))
        parts = [images[start : start + share] for start in range(0, len(images), share)]
        with ThreadPoolExecutor(min(self.threads, len(parts))) as pool:
            return np.concatenate(list(pool.map(lambda part: self.run(output, part), parts)))

    def _many(self, images: "Sequence[Picture] | np.ndarray") -> list[Prediction]:
        if self.threads == 1 and 0 < len(images) <= BATCH:  # to start a thread takes longer
            return list(self._told(classify_few(self, list(map(_item, range(len(images)), images)))))
        return list(self._each(images))

    def _each(self, images: Iterable[Picture]) -> Iterator[Prediction]:
        named = (_item(number, image) for number, image in enumerate(images))
        with closing(classify(self, named)) as blocks:
            for block in blocks:
                yield from self._told(block)

    def _told(self, block: Block) -> Iterator[Prediction]:
        for row, unknown, error in zip(block.probabilities, block.unknown_or_none, block.errors, strict=True):
            yield Prediction("", 0.0, error=error) if error else self._prediction(row, unknown)

    def _prediction(self, probabilities: np.ndarray, unknown: float | None) -> Prediction:
        score = None if unknown is None else float(unknown)
        return Prediction.of(self.classes, probabilities, score, self.unknown_threshold)

    def _repr_html_(self) -> str:
        from hemascope.predict.html import card_html

        return card_html(self.card)

    def __repr__(self) -> str:
        return f"Classifier({self.card.name!r}, {len(self.classes)} classes, {self.path})"


def load(model: str | Path = DEFAULT, *, threads: int | None = None) -> Classifier:
    """Open a classifier.

    Args:
        model: a model file, a Run folder, or a shipped model's name.
        threads: images worked on at a time; one a core where not given.

    Raises:
        ModelFileError: there is none, or it cannot be used.

    >>> import hemascope
    >>> hemascope.load("tiny").classes[:2]
    ('basophil', 'eosinophil')
    """
    path = find(model)
    session, card = open_model(path)
    return Classifier(session, card, path, threads or usable_cores())


def _check(images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape[1:]:
        raise DecodeError(
            f"images are {images.dtype} {images.shape}, not uint8 (n, h, w, 3)",
            "Give images of other kinds, or of mixed sizes, as a list to the classifier itself.",
        )


def _are_many(image: object) -> "TypeGuard[Sequence[Picture] | np.ndarray]":
    """Whether these are several images of a known number: a list, a stack of pixels, a column of paths."""
    if isinstance(image, np.ndarray):
        return image.ndim == 4 or (image.ndim == 1 and image.dtype.kind in "OU")
    if isinstance(image, str | bytes | bytearray | memoryview):
        return False
    # Tensors and data frames are no lists of images; a column of a data frame is.
    return isinstance(image, Sized) and isinstance(image, Iterable) and len(getattr(image, "shape", (0,))) == 1


def _item(number: int, image: Picture) -> Item:
    return Item(str(image) if isinstance(image, str | Path) else f"image {number}", image)


def _named(images: Picture | Iterable[Picture]) -> Iterator[Item]:
    """Every image of a source, of an image, or of several of both."""
    several = images if isinstance(images, Iterator) or _are_many(images) else [images]
    for number, image in enumerate(several):
        if isinstance(image, str | Path):
            check([str(image)])
            yield from items([str(image)])
        else:
            yield _item(number, image)
