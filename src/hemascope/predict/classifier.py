"""The deployed classifier: images in, calibrated probabilities out."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from io import IOBase
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard, overload

import numpy as np

from hemascope.cores import usable_cores
from hemascope.errors import DecodeError, ModelFileError
from hemascope.predict.attributes import Vocabulary
from hemascope.predict.card import ModelCard, class_sets, set_mass
from hemascope.predict.device import Device, Runs
from hemascope.predict.items import Item, check, items
from hemascope.predict.modelfile import ATTRIBUTES, INPUT, OUTPUTS, UNKNOWN, open_model, reason
from hemascope.predict.pixels import Picture, pixels
from hemascope.predict.prediction import Prediction
from hemascope.predict.shipped import DEFAULT, find
from hemascope.predict.stream import Block, Judgement, classify, classify_few, said_of
from hemascope.predict.trial import check_answers

if TYPE_CHECKING:
    import pandas as pd


class Classifier:
    """A model file, ready to use; safe to call from several threads. Made by `load`.

    Attributes:
        card: what the model is, what it saw and what it scores.
        path: the model file.
        threads: images worked on at a time.
        device: where the network runs.
    """

    def __init__(
        self,
        session: Runs,
        card: ModelCard,
        path: Path,
        threads: int,
        device: Device = Device(),  # noqa: B008 - frozen
    ) -> None:
        self.card = card
        self.path = path
        self.threads = threads
        self.device = device
        self._session = session

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""
        return self.card.classes

    @property
    def batch(self) -> int:
        """Images a network run, where nobody says: the fastest."""
        return self.device.batch

    @property
    def unknown_threshold(self) -> float | None:
        """Scores of `unknown` above it mean that probably no class fits; None where the file has no such output."""
        return self.card.unknown.get("threshold")

    @cached_property
    def vocabulary(self) -> Vocabulary | None:
        """The attributes that it sees of cells; None where the file has no such output."""
        return Vocabulary.of(self.card)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the model file, which tells models apart."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @overload
    def __call__(  # type: ignore[overload-overlap]  # str is a Sequence too
        self, image: Picture, *, attributes: bool = False
    ) -> Prediction: ...
    @overload
    def __call__(self, image: Sequence[Picture], *, attributes: bool = False) -> list[Prediction]: ...
    @overload
    def __call__(self, image: Iterator[Picture], *, attributes: bool = False) -> Iterator[Prediction]: ...
    def __call__(
        self, image: Picture | Iterable[Picture], *, attributes: bool = False
    ) -> Prediction | list[Prediction] | Iterator[Prediction]:
        """Classify one image, or many of any sizes.

        Args:
            image: a path, encoded bytes, a Pillow image or uint8 pixels (h, w, 3); or a list, a column of a table or
                an iterator of such, or uint8 pixels (n, h, w, 3).
            attributes: say what is seen of the cells, too.

        Returns:
            a Prediction. For many a list of them; for an iterator, which may be of any length, an iterator, so that few
            images are in memory at a time. There, an image that cannot be read has its ``error`` filled and no label,
            so that it does not lose the others.

        Raises:
            DecodeError: a single image that cannot be read.
            ModelFileError: the network fails on a single image, or gives other than promised; or it has no attributes.

        >>> import hemascope
        >>> classifier = hemascope.load(threads=1)
        >>> drawn = np.full((96, 96, 3), 200, np.uint8)
        >>> [found.label in classifier.classes for found in classifier(iter([drawn, drawn]))]
        [True, True]
        """
        if attributes:
            Vocabulary.needed(self.card, self.path)
        if isinstance(image, Iterator) and not isinstance(image, IOBase):  # an open file is no stream of images
            return self._each(image, attributes)
        if _are_many(image):
            return self._many(image, attributes)
        found = self.judge(pixels(image)[None], attributes=attributes)  # type: ignore[arg-type]
        unknown, said = None if found.unknown is None else found.unknown[0], said_of(self, found)
        return self._prediction(found.probabilities[0], unknown, said[0] if said else None)

    def table(
        self,
        images: str | Path | Picture | Iterable[str | Path | Picture],
        *,
        coverage: float | None = None,
        attributes: bool = False,
    ) -> "pd.DataFrame":
        """Classify images, or all of a source, into a table; needs pandas.

        Args:
            images: paths are sources as in `hemascope.predict`: pictures, folders, globs, archives, .npz, Parquet, CSV,
                Manifests or names; anything else is one image, or a list or iterator of images. Lists may mix them.
            coverage: add the column ``set``: the classes that hold the true one in this share of cells, as 0.95.
            attributes: add what is seen of the cells, as `hemascope.predict` does.

        Returns:
            a row an image: ``path, label, confidence``, one probability a class, ``unknown`` and ``is_unknown`` where
            the model tells, ``error``; None where there is no value.

        Raises:
            HemascopeError: pandas is not installed; there is no such source; the model has no sets of that coverage, or
                no attributes.
        """
        from hemascope.predict.dataframe import as_frame, require_pandas
        from hemascope.predict.rows import Layout

        require_pandas()
        layout = Layout.of(self, coverage, attributes)
        return as_frame(classify(self, _named(images), attributes=attributes), layout)

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

    def attributes(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Attribute -> probabilities of its values, float32 (n, values), in the order of `vocabulary`.

        Of every image, whatever its class: what may be said of which is `Vocabulary.said`'s to tell.

        Args:
            images: as in `probabilities`.

        Raises:
            ModelFileError: the model file has no such output.
        """
        words = Vocabulary.needed(self.card, self.path)
        return dict(zip(words.names, words.apart(self._parallel(ATTRIBUTES, images)), strict=True))

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

    def judge(self, images: np.ndarray, *, attributes: bool = False) -> Judgement:
        """Like `run`, for the probabilities, where the file has it the score of unknown objects, and attributes."""
        outputs = ["probabilities"]
        outputs += [UNKNOWN] if self.unknown_threshold is not None else []
        outputs += [ATTRIBUTES] if attributes else []
        return Judgement(**dict(zip(outputs, self._run(tuple(outputs), images), strict=True)))

    def run(self, output: str, images: np.ndarray) -> np.ndarray:
        """One run of the network, in the calling thread.

        Args:
            output: ``probabilities``, ``features`` or, where the file has them, ``unknown`` and ``attributes``.
            images: uint8 (n, h, w, 3); all n are in memory at once, so few.

        Returns:
            float32 (n, k), (n, d), (n,) or (n, v).

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
        check_answers(self.path, outputs, found, len(images), self.card.widths)
        return found

    def _parallel(self, output: str, images: np.ndarray) -> np.ndarray:
        images = np.asarray(images)
        if len(images) <= 1 or (self.threads == 1 and len(images) <= self.batch):
            return self.run(output, images)
        # No more in a run than a fair share, so that a small stack uses every core too.
        share = min(self.batch, -(-len(images) // self.threads))
        parts = [images[start : start + share] for start in range(0, len(images), share)]
        with ThreadPoolExecutor(min(self.threads, len(parts))) as pool:
            return np.concatenate(list(pool.map(lambda part: self.run(output, part), parts)))

    def _many(self, images: "Sequence[Picture] | np.ndarray", attributes: bool) -> list[Prediction]:
        if self.threads == 1 and 0 < len(images) <= self.batch:  # to start a thread takes longer
            few = list(map(_item, range(len(images)), images))
            return list(self._told(classify_few(self, few, attributes=attributes)))
        return list(self._each(images, attributes))

    def _each(self, images: Iterable[Picture], attributes: bool) -> Iterator[Prediction]:
        named = (_item(number, image) for number, image in enumerate(images))
        with closing(classify(self, named, attributes=attributes)) as blocks:
            for block in blocks:
                yield from self._told(block)

    def _told(self, block: Block) -> Iterator[Prediction]:
        rows = zip(block.probabilities, block.unknown_or_none, block.said_or_none, block.errors, strict=True)
        for row, unknown, said, error in rows:
            yield Prediction("", 0.0, error=error) if error else self._prediction(row, unknown, said)

    def _prediction(
        self, probabilities: np.ndarray, unknown: float | None, said: Sequence[str] | None = None
    ) -> Prediction:
        score = None if unknown is None else float(unknown)
        names = self.vocabulary.names if self.vocabulary and said else ()
        seen = {name: value for name, value in zip(names, said or (), strict=True) if value}
        return Prediction.of(self.classes, probabilities, score, self.unknown_threshold, seen)

    def _repr_html_(self) -> str:
        from hemascope.predict.html import card_html

        return card_html(self.card)

    def __repr__(self) -> str:
        return f"Classifier({self.card.name!r}, {len(self.classes)} classes, {self.path})"


def load(model: str | Path = DEFAULT, *, threads: int | None = None, device: str | None = None) -> Classifier:
    """Open a classifier.

    Args:
        model: a model file, a Run folder, or a shipped model's name.
        threads: images worked on at a time; one a core where not given.
        device: where the network runs: cpu, cuda, mps (a Mac's CoreML), openvino, directml, or auto, which is the
            fastest of those there that gives what the CPU gives. Where not given, the environment variable
            HEMASCOPE_DEVICE, else auto.

    Raises:
        ModelFileError: there is none, or it cannot be used.
        DeviceError: that device is not there, or fails; of auto the CPU takes its place.

    >>> import hemascope
    >>> hemascope.load("tiny").classes[:2]
    ('basophil', 'eosinophil')
    """
    path = find(model)
    threads = threads or usable_cores()
    session, card, where = open_model(path, device, threads=threads)
    return Classifier(session, card, path, threads, where)


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
