"""How much the score hangs on which images were held out: mean and spread over the folds."""

from typing import Any

import numpy as np

from hemascope.evaluate.metrics import OVERALL, finite_or_none, score
from hemascope.evaluate.predictions import Predictions


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
