"""Contenders made up by seed, of a wanted quality, on the same images."""

from pathlib import Path

import pandas as pd
import pytest

from hemascope.evaluate.compare.contender import CLEAN, Contender
from hemascope.evaluate.predictions import Predictions
from tests.evaluate.conftest import logits_for, predictions_for


def said_by(margin: float, n: int = 300, seed: int = 0) -> Predictions:
    """Predictions of the same images and labels for every margin and seed."""
    base = predictions_for(n, 4)
    table = base.table.copy()
    logits = logits_for(base.targets, 4, margin, seed)
    for place, name in enumerate(base.classes):
        table[f"logit_{name}"] = logits[:, place]
    table["label"] = [base.classes[c] for c in logits.argmax(axis=1)]
    return Predictions(table, base.classes).with_temperature(1.0)


def contender(name: str, margin: float, seed: int = 0, n: int = 300) -> Contender:
    return Contender(name, {CLEAN: said_by(margin, n, seed)}, split="val")


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two folders as evaluate -o leaves them: a good and a bad model."""
    found = []
    for name, margin in (("good", 5.0), ("bad", 1.0)):
        folder = tmp_path / name
        said_by(margin).write(folder / "predictions.parquet")
        pd.DataFrame({"epoch": [1, 2], "seconds": [60.0, 30.0]}).to_csv(folder / "history.csv", index=False)
        found.append(folder)
    return found
