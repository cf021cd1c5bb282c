import zipfile
from pathlib import Path

import numpy as np
import pytest

from hemascope.errors import ModelFileError
from hemascope.export.submission.trial import play, wrong_with

PASSES = {"returned": "ndarray", "floats_agree": True}


def submission(folder: Path, code: str) -> Path:
    path = folder / "submission.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("model.py", code)
    return path


@pytest.mark.parametrize(
    ("code", "limit", "said"),
    [
        ("import json, onnxruntime\nimport hemascope", 60, "No module named 'hemascope'"),
        ("import time\nclass Model:\n def predict(self, X): time.sleep(len(X) / 100)", 2, "too slow: 400 images would"),
    ],
)
def test_what_fails_in_the_evaluator_is_said(tmp_path: Path, code: str, limit: float, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        play(submission(tmp_path, code), np.zeros((400, 4, 4, 3), np.uint8), 8, limit)


@pytest.mark.parametrize(
    ("found", "report", "said"),
    [
        (np.zeros(3, int), {}, ""),
        (np.zeros(3, np.uint8), {}, ""),
        (np.zeros((3, 1), int), {}, "shape (3, 1)"),
        (np.zeros(3, int), {"returned": "list"}, "gives list"),
        (np.zeros(3), {}, "gives float64"),
        (np.array([0, 1, -1]), {}, "from -1 to 1"),
        (np.array([0, 1, 2]), {}, "from 0 to 2"),
        (np.zeros(3, int), {"floats_agree": False}, "floats"),
    ],
)
def test_what_is_wrong_with_class_numbers(found: np.ndarray, report: dict, said: str) -> None:
    problem = wrong_with(found, PASSES | report, images=3, classes=2)
    assert said in problem
    assert bool(said) == bool(problem)
