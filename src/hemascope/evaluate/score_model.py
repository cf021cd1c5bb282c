"""A finished model on any labelled images: the same predictions table as a training leaves."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError, SourceError
from hemascope.evaluate.predictions import Predictions
from hemascope.predict.unlike import Look, mean_colours
from hemascope.progress import SILENT, Progress

_HELD = 256  # decoded images that may wait for others of their size


class ClassifierLike(Protocol):
    """What is asked of a model that is scored: hemascope.predict's Classifier is one."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the k classes."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (n, k) of images uint8 (n, h, w, 3)."""


def score_model(
    model: ClassifierLike,
    source: Manifest,
    *,
    temperature: float = 1.0,
    batch: int = 32,
    look: Look | None = None,
    progress: Progress = SILENT,
) -> tuple[Predictions, Manifest]:
    """Let a model classify every usable labelled image of a source; labels are joined by class name.

    Args:
        model: gives calibrated probabilities.
        source: the images. A label that is none of the model's classes keeps its row but is not scored.
        temperature: the model's own (its card names it); it turns the probabilities back into logits, up to the
            constant that the softmax takes away, so that the calibration before it can be shown.
        batch: at most so many images of one size go through the model together.
        look: takes the images' colours.
        progress: told how many images are done.

    Returns:
        The predictions, and the source with the reason filled in for each image that could not be read.

    Raises:
        SourceError: no usable image has a label that the model knows, or none could be read.
    """
    wanted = np.flatnonzero((source.usable & (source.table["label"] != "")).to_numpy())
    rows = source.rows(wanted)
    if not len(rows):
        raise SourceError(
            f"{source.name or 'the source'}: none of its {len(source)} images has a label and can be used",
            "To classify unlabelled images, use: hemascope predict",
        )
    if not set(rows.table["label"]) & set(model.classes):
        raise SourceError(
            f"{source.name or 'the source'}: none of its classes ({_listed(rows.table['label'].unique())}) "
            f"is one of the model's ({_listed(model.classes)})",
            "Name the classes as the model does.",
        )

    probabilities = np.full((len(rows), len(model.classes)), np.nan)
    errors = source.table["error"].to_numpy(dtype=object, copy=True)
    done = 0
    progress.step("scoring", len(rows))
    for places, images in _batches(rows, batch, errors, wanted):
        probabilities[places] = model.probabilities(images)
        if look is not None:
            look.add(mean_colours(images), probabilities[places])
        done += len(places)
        progress.done(done)
    read = np.isfinite(probabilities).all(axis=1)
    marked = source.with_columns(error=errors)
    if not read.any():
        raise SourceError(f"{source.name or 'the source'}: none of its images can be read ({errors[wanted[0]]})")
    logits = temperature * np.log(np.maximum(probabilities[read], np.finfo(np.float32).tiny))
    return Predictions.build(rows.rows(read), logits, temperature, model.classes), marked


def _batches(
    rows: Manifest, batch: int, errors: np.ndarray, places: np.ndarray
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Images of one size stacked, with their rows; the reason of each unreadable one goes to ``errors``."""
    waiting: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}
    for row, image in read_images(rows):
        if isinstance(image, DecodeError):
            errors[places[row]] = image.problem
            continue
        same = waiting.setdefault(image.shape, [])
        same.append((row, image))
        if len(same) >= batch:
            yield _stacked(waiting.pop(image.shape))
        elif sum(map(len, waiting.values())) >= _HELD:
            yield _stacked(waiting.pop(max(waiting, key=lambda shape: len(waiting[shape]))))
    for images in waiting.values():
        yield _stacked(images)


def _stacked(images: list[tuple[int, np.ndarray]]) -> tuple[list[int], np.ndarray]:
    return [row for row, _ in images], np.stack([image for _, image in images])


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")
