import numpy as np

from hemascope.data.manifest import Manifest
from hemascope.evaluate.mistakes import confident_mistakes
from hemascope.evaluate.predictions import Predictions


def test_only_the_wrong_ones_of_the_split_surest_first():
    rows = Manifest.build(
        ["right", "sure", "unsure", "train", "unlabelled", "foreign", "also_sure"],
        ["x", "x", "x", "x", "", "other", "x"],
        ["x", "y"],
        splits=["val", "val", "val", "train", "val", "val", "val"],
    )
    logits = np.array([[9, 0], [0, 5], [0, 1], [0, 9], [0, 9], [0, 9], [0, 5]], float)
    found = confident_mistakes(Predictions.build(rows, logits), "val")
    assert found["path"].tolist() == ["also_sure", "sure", "unsure"]
    assert found.index.tolist() == [6, 1, 2]
    assert confident_mistakes(Predictions.build(rows, logits), "val", most=1)["path"].tolist() == ["also_sure"]
