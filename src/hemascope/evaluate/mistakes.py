"""The mistakes that a classifier is surest of: the first images to look at."""

import numpy as np
import pandas as pd

from hemascope.evaluate.predictions import Predictions


def confident_mistakes(predictions: Predictions, split: str, most: int = 24) -> pd.DataFrame:
    """Rows of the predictions table that are wrong, the surest first; images without a known label are none.

    Args:
        predictions: any predictions.
        split: the split to look at.
        most: at most so many rows.

    Returns:
        The table's columns; its index holds the rows' places in ``predictions.table``.
    """
    table = predictions.table
    wrong = (predictions.targets >= 0) & (predictions.targets != predictions.predicted)
    chosen = table[np.asarray(wrong & (table["split"] == split))]
    return chosen.sort_values(["confidence", "path", "member"], ascending=[False, True, True], kind="stable").head(most)
