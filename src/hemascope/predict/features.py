"""A network's features of any number of images: plain numbers for nearest neighbours, clustering and own models."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hemascope.errors import SourceError
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.items import Item, check, count, items
from hemascope.predict.modelfile import UNKNOWN
from hemascope.predict.shipped import DEFAULT
from hemascope.predict.source_files import tell_passed_over
from hemascope.predict.stream import Block, Judgement, classify
from hemascope.progress import SILENT, Progress
from hemascope.shown import paragraphs


class Features(NamedTuple):
    """The features of some images.

    Attributes:
        name: of the model whose they are; those of different models cannot be compared.
        array: float32 (n, d), a row an image.
        paths: n names, of files or of members in them.
        errors: by the names of the images that have no row: why.
    """

    name: str
    array: np.ndarray
    paths: list[str]
    errors: dict[str, str]

    def _repr_html_(self) -> str:
        left = [f"Left out, because unreadable: {len(self.errors):,}"] if self.errors else []
        return paragraphs([f"{self.name}: {self.array.shape[1]:,} features of {len(self.paths):,} images", *left])


def features(
    sources: str | Path | Sequence[str | Path],
    model: str | Path = DEFAULT,
    *,
    threads: int | None = None,
    batch: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Features:
    """A model's pooled features of every image of the sources, in memory.

    What the network makes of a picture before its last layer: cells that look alike lie near each other, by the cosine
    of the angle between their features, also those of classes that it never saw.

    Args:
        sources: one or several, as of `hemascope.predict`. Labels are passed over.
        model: a model file, a Run folder or a shipped model's name.
        threads: images worked on at a time; one a core where not given.
        batch: most images a network run; the fastest where not given.
        device: where the network runs, as of `hemascope.load`.
        progress: told how far it is.

    Raises:
        SourceError: no such source, or no image of it can be read.
        ModelFileError: no such model.
        DeviceError: the device is not there, or fails.

    The two cells that are most alike:

    >>> name, array, paths, errors = features("synthetic:8", "tiny", threads=1)
    >>> name, array.shape, paths[0], errors
    ('tiny', (8, 1280), 'synthetic://0#0', {})
    >>> unit = array / np.linalg.norm(array, axis=1, keepdims=True)
    >>> alike = unit @ unit.T - 2 * np.eye(len(unit))
    >>> len(set(np.unravel_index(alike.argmax(), alike.shape)))
    2
    """
    several = [os.fspath(source) for source in ([sources] if isinstance(sources, str | Path) else sources)]
    check(several, progress)
    classifier = load(model, threads=threads, device=device)
    if classifier.device.said:
        progress.say(classifier.device.said)
    tell_passed_over(several, progress)
    progress.step("looking at images", None if progress is SILENT else count(several))
    parts, paths, errors, seen = [], list[str](), dict[str, str](), 0
    with closing(features_of(classifier, items(several), batch=batch)) as blocks:
        for block in blocks:
            fine = [not error for error in block.errors]
            parts.append(block.probabilities[fine])
            paths += [path for path, kept in zip(block.paths, fine, strict=True) if kept]
            errors |= {path: error for path, error in zip(block.paths, block.errors, strict=True) if error}
            seen += len(block.paths)
            progress.done(seen)
    if not paths:
        first = next((f"; the first: {path}: {why}" for path, why in errors.items()), "")
        raise SourceError(f"{', '.join(several)}: no image can be read{first}", "Check the path.")
    return Features(classifier.card.name, np.concatenate(parts), paths, errors)


def features_of(classifier: Classifier, images: Iterable[Item], *, batch: int | None = None) -> Generator[Block]:
    """Like `hemascope.predict.stream.classify`, with features float32 (m, d) in the place of the probabilities."""
    return classify(_Featured(classifier), images, batch=batch)


class _Featured:
    """A classifier that gives features for probabilities, so that they go the same way."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.card: ModelCard = classifier.card
        self.path, self.threads, self.batch = classifier.path, classifier.threads, classifier.batch
        blank = np.zeros((1, self.card.input_size, self.card.input_size, 3), np.uint8)
        self.classes = tuple(str(number) for number in range(classifier.run("features", blank).shape[1]))

    @property
    def digest(self) -> str:
        return self._classifier.digest

    @property
    def unknown_threshold(self) -> float | None:
        return self._classifier.unknown_threshold

    def judge(self, images: np.ndarray, *, attributes: bool = False) -> Judgement:
        outputs = ("features", UNKNOWN) if self.unknown_threshold is not None else ("features",)
        return Judgement(*self._classifier.run_all(images, outputs))
