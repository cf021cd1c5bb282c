"""All that is measured of a Run, computed from its predictions table alone: metrics.json."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.errors import RunError
from hemascope.evaluate import calibration
from hemascope.evaluate.bootstrap import LEVEL, RESAMPLES
from hemascope.evaluate.metrics import OVERALL, finite_or_none, score
from hemascope.evaluate.not_scored import NotScored
from hemascope.evaluate.predictions import Predictions, softmax
from hemascope.evaluate.proportion import confusion_shares
from hemascope.formats import read_versioned, write_versioned
from hemascope.predict.unlike import Unlike


def fold_scores(predictions: Predictions) -> dict[str, Any] | None:
    """Measure each fold's network on the images held out from it.

    Returns:
        JSON-ready: ``{"images": [...], "scores": {name: {"values": [...], "mean", "std"}}}``, one entry a fold in the
        lists; the standard deviation is that of a sample (k - 1). Null where a score cannot be measured. None where
        the table is not of K-fold networks.

    >>> import pandas as pd
    >>> fold_scores(Predictions(pd.DataFrame({"split": []}), ())) is None
    True
    """
    if predictions.folds is None:
        return None
    known = predictions.targets >= 0
    numbers = sorted(set(predictions.folds[known]) - {0})
    folds = [predictions.rows(known & (predictions.folds == number)) for number in numbers]
    # Their intervals are not asked for: the spread over the folds is what is told.
    found = [score(fold.targets, fold.predicted, fold.probabilities, resamples=1).overall for fold in folds]
    values = {name: [scores[name].value for scores in found] for name in OVERALL}
    return {
        "images": [len(fold) for fold in folds],
        "scores": {
            name: {
                "values": [finite_or_none(value) for value in column],
                "mean": finite_or_none(float(np.mean(column))),
                "std": finite_or_none(float(np.std(column, ddof=1))),
            }
            for name, column in values.items()
        },
    }


FORMAT_VERSION = 1
FILE_NAME = "metrics.json"
PROPORTIONS = "jeffreys"
"""What the intervals of proportions are; files of 0.1.0, where all were the bootstrap's, lack the key."""


def summarise(
    predictions: Predictions,
    not_scored: NotScored | None = None,
    unlike: Unlike | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure every split of a predictions table.

    Args:
        predictions: any predictions.
        not_scored: what was left out of them; None where that is not known, or of no interest, as of a training.
        unlike: that the images are unlike those of the model's calibration; None where they are not.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap.

    Returns:
        JSON-ready: ``{"format_version", "classes", "temperature", "bootstrap", "proportions", "splits": {name:
        {"images", "unlabelled", "unknown_labels", "scores", "classes", "laboratories", "absent", "confusion",
        "calibration"}}}``. A
        score is ``{"value", "low", "high"}``, null where it cannot be measured or has no interval. Splits without
        labelled images are left out; ``"laboratories"``, of each its ``images`` and ``scores``, is there where images
        of two or more are scored.
        Of K-fold networks there is ``"folds"``, see `fold_scores`; of an evaluation ``"not_scored"``, see `NotScored`;
        and where it is given ``"unlike"``, see `hemascope.predict.unlike.Unlike`.
    """
    folds = fold_scores(predictions)
    return {
        "format_version": FORMAT_VERSION,
        "classes": list(predictions.classes),
        "temperature": predictions.temperature,
        "bootstrap": {"resamples": resamples, "seed": seed, "level": LEVEL},
        "proportions": PROPORTIONS,
        "splits": {
            split: measured
            for split in predictions.splits
            if (measured := _split(predictions.of(split), resamples, seed)) is not None
        },
        **({} if folds is None else {"folds": folds}),
        **({} if not_scored is None else {"not_scored": not_scored.to_json()}),
        **({} if unlike is None else {"unlike": asdict(unlike)}),
    }


def write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write metrics as JSON, whole or not at all."""
    write_versioned(path, metrics, FORMAT_VERSION)


def read_metrics(path: Path) -> dict[str, Any]:
    """Read what `write_metrics` wrote; proportions of a file of 0.1.0 get the intervals that they have today.

    Raises:
        RunError: not a metrics file, or one of a newer format.
    """

    def build(metrics: dict[str, Any]) -> dict[str, Any]:
        splits = metrics["splits"]
        if metrics.get("proportions") != PROPORTIONS:
            splits = {name: _renewed(part) if "confusion" in part else part for name, part in splits.items()}
        return {"format_version": FORMAT_VERSION, **metrics, "splits": splits}

    remedy = "Delete it: it is recomputed from the predictions."
    metrics = read_versioned(path, build, FORMAT_VERSION, what="the metrics file", remedy=remedy)
    if metrics is None:
        raise RunError(f"{path}: there is no metrics file", "Finish the training, or run hemascope evaluate.")
    return metrics


def card_scores(metrics: dict[str, Any]) -> dict[str, Any]:
    """The scores that a model card states: those of the test split or, without one, of val; see `ModelCard`."""
    name = "test" if "test" in metrics["splits"] else "val"
    measured = metrics["splits"][name]
    return {key: {**value, "images": measured["images"], "split": name} for key, value in measured["scores"].items()}


def _split(split: Predictions, resamples: int, seed: int) -> dict[str, Any] | None:
    labelled = (split.table["true"] != "").to_numpy()
    known = split.targets >= 0
    if not known.any():
        return None
    scored = split.rows(known)
    scores = score(scored.targets, scored.predicted, scored.probabilities, resamples=resamples, seed=seed)
    support = scores.confusion.sum(axis=1)
    return {
        "images": len(scored),
        "unlabelled": int((~labelled).sum()),
        "unknown_labels": int((labelled & ~known).sum()),
        "scores": {name: value.to_json() for name, value in scores.overall.items()},
        "classes": {
            name: {"support": int(support[i]), **{key: value.to_json() for key, value in scores.by_class[i].items()}}
            for i, name in enumerate(split.classes)
        },
        **_laboratories(scored, resamples, seed),
        "absent": [name for i, name in enumerate(split.classes) if not support[i]],
        "confusion": scores.confusion.tolist(),
        "calibration": {
            "temperature": split.temperature,
            "before": _calibration(softmax(scored.logits), scored.targets),
            "after": _calibration(scored.probabilities, scored.targets),
        },
    }


def _laboratories(scored: Predictions, resamples: int, seed: int) -> dict[str, Any]:
    """The scores of every laboratory, where they can be set side by side."""
    if len(scored.laboratories) < 2:
        return {}
    found = {}
    for name in scored.laboratories:
        own = scored.of_laboratory(name)
        scores = score(own.targets, own.predicted, own.probabilities, resamples=resamples, seed=seed).overall
        found[name] = {"images": len(own), "scores": {key: value.to_json() for key, value in scores.items()}}
    return {"laboratories": found}


def _calibration(probabilities: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    curve = calibration.reliability(probabilities, targets)
    return {
        "ece": calibration.expected_calibration_error(curve),
        "nll": calibration.negative_log_likelihood(probabilities, targets),
        "confidence": [finite_or_none(value) for value in curve.confidence],
        "accuracy": [finite_or_none(value) for value in curve.accuracy],
        "count": curve.count.tolist(),
    }


def _renewed(part: dict[str, Any]) -> dict[str, Any]:
    """A split of release 0.1.0, its intervals as they are made today, from the counts that it holds."""
    accuracy, shares = confusion_shares(np.array(part["confusion"]))
    classes = {
        name: {**_without_points(scores), **{key: value.to_json() for key, value in own.items()}}
        for (name, scores), own in zip(part["classes"].items(), shares, strict=True)
    }
    return {
        **part,
        "scores": {**_without_points(part["scores"]), "accuracy": accuracy.to_json()},
        "classes": classes,
    }


def _without_points(scores: dict[str, Any]) -> dict[str, Any]:
    """Scores whose interval is one point have none."""

    def pointless(score: Any) -> Any:
        point = isinstance(score, dict) and score["low"] == score["high"]
        return {**score, "low": None, "high": None} if point else score

    return {key: pointless(score) for key, score in scores.items()}
