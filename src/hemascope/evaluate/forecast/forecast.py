"""The three predictions: clean images of the same laboratory, transformed ones, and an unlabelled folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.evaluate.bootstrap import RESAMPLES, Score, interval
from hemascope.evaluate.forecast.estimator import (
    GREATEST_WIDENING,
    LEVEL,
    STATISTICS,
    CrossCheck,
    Estimator,
    fit_estimator,
    novelty,
)
from hemascope.evaluate.forecast.reference import IMAGES, Reference, build_reference
from hemascope.evaluate.forecast.views import (
    ClassifiedTwice,
    agreement,
    average_thresholded_confidence,
    classify_items,
    confidence,
    difference_of_confidences,
    proportions,
    threshold,
)
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.proportion import share_interval
from hemascope.evaluate.shift.corruption import REFERENCE_SIDE
from hemascope.evaluate.shift.registry import RANDOM
from hemascope.formats import read_versioned, write_versioned
from hemascope.predict.classifier import Classifier
from hemascope.predict.items import items
from hemascope.predict.source_files import tell_passed_over
from hemascope.predict.unlike import Look, Unlike
from hemascope.progress import SILENT, Progress


@dataclass(frozen=True)
class Forecaster:
    """Predicts scores of one model, from what it says of corrupted local images.

    Attributes:
        reference: what it says of them.
    """

    reference: Reference

    @cached_property
    def _fitted(self) -> tuple[Estimator, CrossCheck]:
        return fit_estimator(self.reference)

    @property
    def estimator(self) -> Estimator:
        """Fitted to the whole reference."""
        return self._fitted[0]

    @property
    def check(self) -> CrossCheck:
        """Every family of the reference, predicted from the others."""
        return self._fitted[1]

    def transformed(self, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Any]:
        """Accuracy on images of which each is changed by one to three random corruptions of random severity.

        The interval comes from drawing the images anew, and for each drawn one a severity and with it another draw
        of corruptions.

        Returns:
            ``{"accuracy": {"value", "low", "high"}, "images", "by_severity": {"1": accuracy, ...}}``.
        """
        mixed = [i for i, setting in enumerate(self.reference.settings) if setting.corruption == RANDOM.name]
        right = self.reference.right[mixed]
        generator = np.random.default_rng(seed)
        s, n = right.shape
        drawn = right[generator.integers(0, s, (resamples, n)), generator.integers(0, n, (resamples, n))].mean(axis=1)
        severities = [str(self.reference.settings[i].severity) for i in mixed]
        return {
            "accuracy": interval(float(right.mean()), drawn, LEVEL).to_json(),
            "images": n,
            "by_severity": dict(zip(severities, right.mean(axis=1).tolist(), strict=True)),
        }

    def folder(
        self, said: ClassifiedTwice, classes: Sequence[str] = (), unlike: Unlike | None = None
    ) -> dict[str, Any]:
        """Accuracy on unlabelled images.

        Args:
            said: what the model says of them, from `classify_items`.
            classes: names of its classes, for ``proportions``.
            unlike: that the images are unlike those of the model's calibration; None where they are not.

        Returns:
            ``accuracy`` with its interval, and without one where ``unlike`` or the novelty says that nothing like the
            folder was learnt from; ``images``; ``unlike``; ``uncorrected``, what the estimates of the literature say by
            themselves; ``statistics``, those that were weighed; ``novelty``, distances as multiples of the greatest
            in the reference; ``widening`` of the interval by them; ``proportions`` of the predicted classes.
        """
        new = novelty(said, self.reference, self.estimator)
        accuracy = self.estimator.predict(said, widening=new.widening)
        if unlike is not None or new.confidences >= GREATEST_WIDENING:
            accuracy = accuracy.without_interval()
        clean, right = self.reference.classified[0], self.reference.right[0]
        scores, clean_scores = confidence(said), confidence(clean)
        shares = proportions(said).tolist()
        return {
            "accuracy": accuracy.to_json(),
            "images": len(said),
            "uncorrected": {
                "average_thresholded_confidence": average_thresholded_confidence(
                    scores, threshold(clean_scores, right)
                ),
                "difference_of_confidences": difference_of_confidences(scores, clean_scores, float(right.mean())),
                "mean_confidence": float(scores.mean()),
                "agreement": agreement(said),
            },
            "statistics": dict(zip(STATISTICS, self.estimator.statistics(said).tolist(), strict=True)),
            "novelty": {"confidences": new.confidences, "proportions": new.proportions},
            "widening": new.widening,
            "unlike": None if unlike is None else asdict(unlike),
            "proportions": dict(zip(classes, shares, strict=True)) if classes else {},
        }

    def about(self) -> dict[str, Any]:
        """How the estimator was made and how well it predicts kinds of corruption that it was not shown."""
        parts = zip(self.check.settings, self.check.predicted.tolist(), self.check.accuracy.tolist(), strict=True)
        return {
            "images": len(self.reference),
            "threshold": self.estimator.threshold,
            "intercept": self.estimator.intercept,
            "weights": dict(zip(STATISTICS, self.estimator.weights.tolist(), strict=True)),
            "spread": self.estimator.spread,
            "mean_absolute_error": self.check.mean_absolute_error,
            "settings": [
                {"corruption": part.corruption, "severity": part.severity, "predicted": predicted, "accuracy": true}
                for part, predicted, true in parts
            ],
        }


def local(right: int, images: int, split: str = "") -> dict[str, Any]:
    """Accuracy on clean images of the same laboratory, from a labelled split of it."""
    score: Score = share_interval(right, images, LEVEL)
    return {"accuracy": score.to_json(), "images": images, "split": split}


FILE_NAME = "forecast.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Forecast:
    """The three predictions, JSON-ready.

    Attributes:
        local: from `local`.
        transformed: from `Forecaster.transformed`.
        unlabelled: from `Forecaster.folder`, with the folder's ``name`` and the number ``unreadable``.
        estimator: from `Forecaster.about`.
        level: of every interval.
    """

    local: dict[str, Any]
    transformed: dict[str, Any]
    unlabelled: dict[str, Any]
    estimator: dict[str, Any]
    level: float = LEVEL

    def write(self, folder: Path) -> None:
        """Write forecast.json, whole or not at all."""
        write_versioned(folder / FILE_NAME, {"level": self.level, **vars(self)}, FORMAT_VERSION)


def forecast(
    classifier: Classifier,
    source: Manifest,
    predictions: Predictions,
    folder: Path,
    *,
    split: str = "",
    images: int | None = None,
    side: int = REFERENCE_SIDE,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Forecast:
    """Predict a classifier's accuracy on unlabelled images, and on clean and transformed ones of the same laboratory.

    Args:
        classifier: whose scores are predicted.
        source: labelled images, corrupted to learn from.
        predictions: those of the same images as they are.
        folder: unlabelled images.
        split: the name of the labelled images' split.
        images: how many of them are corrupted; `IMAGES` where not given.
        side: they are framed to a square of this side before.
        seed: of their draw and of the corruptions.
        progress: told how many images are done, of the folder, then of the labelled ones.

    Raises:
        SourceError: no image of the folder, or no labelled one, can be read.
    """
    tell_passed_over([str(folder)], progress)
    look = Look(classifier.card)
    said, unreadable = classify_items(classifier, list(items([str(folder)])), look=look, progress=progress)
    reference = build_reference(classifier, source, images=images or IMAGES, side=side, seed=seed, progress=progress)
    forecaster = Forecaster(reference)
    known = predictions.targets >= 0
    right = int((predictions.predicted == predictions.targets)[known].sum())
    about = {"name": folder.resolve().name, "unreadable": unreadable}
    return Forecast(
        local(right, int(known.sum()), split),
        forecaster.transformed(),
        about | forecaster.folder(said, classifier.classes, look.unlike()),
        forecaster.about(),
    )


def read_forecast(folder: Path) -> Forecast | None:
    """Read what `Forecast.write` wrote; None where there is none.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """
    remedy = "Delete it, or run hemascope evaluate --unlabelled again."
    return read_versioned(
        folder / FILE_NAME,
        lambda content: Forecast(**{field.name: content[field.name] for field in fields(Forecast)}),
        FORMAT_VERSION,
        what="the forecast",
        remedy=remedy,
    )


def remove_forecast(folder: Path) -> None:
    """Remove the file: it tells of another model once the folder's predictions are replaced."""
    (folder / FILE_NAME).unlink(missing_ok=True)
