"""A stand-in for a challenge's hidden set: every image under one to three unknown corruptions at once."""

from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.evaluate.shift.corruption import SEVERITIES
from hemascope.evaluate.shift.registry import RANDOM
from hemascope.formats import read_versioned, write_versioned
from hemascope.progress import SILENT, Progress

FORMAT_VERSION = 1
TABLE_NAME, SETTINGS_NAME = "hidden.parquet", "hidden.json"
_BATCH = 32


@dataclass(frozen=True)
class Hidden:
    """What is done to the images; the same settings give the same pixels to every model.

    Attributes:
        side: images are framed to so many pixels first.
        copies: of each image, each corrupted in its own way.
        seed: another one, other corruptions.
    """

    side: int = 128
    copies: int = 2
    seed: int = 0

    def corrupt(self, image: np.ndarray, copy: int = 0) -> np.ndarray:
        """A corrupted copy of an image uint8 (h, w, 3): one to three of the shift suite's corruptions, of one severity.

        What is drawn depends on the image's own pixels, so that it is the same in every part of a data set.
        """
        generator = np.random.default_rng([self.seed, copy, crc32(np.ascontiguousarray(image).tobytes())])
        return RANDOM.apply(image, int(generator.choice(SEVERITIES)), generator)


def score_hidden(
    model: ClassifierLike,
    rows: Manifest,
    images: np.ndarray,
    settings: Hidden,
    *,
    temperature: float = 1.0,
    progress: Progress = SILENT,
) -> Predictions:
    """Let a model classify the corrupted copies of images.

    Args:
        model: gives calibrated probabilities.
        rows: of the images, in their order.
        images: uint8 (n, side, side, 3), framed to the side of the settings.
        settings: what is done to them.
        temperature: the model's own.
        progress: told how many copies are done.

    Returns:
        A row a copy: all images once, then all of them again.
    """
    parts = []
    progress.step("scoring under corruptions", len(images) * settings.copies)
    for copy in range(settings.copies):
        for place in range(0, len(images), _BATCH):
            batch = images[place : place + _BATCH]
            parts.append(model.probabilities(np.stack([settings.corrupt(image, copy) for image in batch])))
            progress.done(copy * len(images) + place + len(batch))
    logits = temperature * np.log(np.maximum(np.concatenate(parts), np.finfo(np.float32).tiny))
    everyone = rows.rows(np.tile(np.arange(len(images)), settings.copies))
    return Predictions.build(everyone, logits, temperature, model.classes)


def write_hidden(folder: Path, predictions: Predictions, settings: Hidden) -> None:
    """Write hidden.parquet and hidden.json, each whole or not at all."""
    predictions.write(folder / TABLE_NAME)
    write_versioned(folder / SETTINGS_NAME, asdict(settings), FORMAT_VERSION)


def read_hidden(folder: Path) -> tuple[Predictions, Hidden] | None:
    """Read what `write_hidden` wrote; None where it was not measured.

    Raises:
        RunError: files that cannot be read, or of a newer format.
    """
    settings = read_versioned(
        folder / SETTINGS_NAME,
        lambda about: Hidden(**about),
        FORMAT_VERSION,
        what="the stand-in of the hidden set",
        remedy="Delete it.",
    )
    if settings is None:
        return None
    return Predictions.read(folder / TABLE_NAME), settings
