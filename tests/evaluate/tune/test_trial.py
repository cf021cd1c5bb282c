import numpy as np
import pytest
from optuna.exceptions import TrialPruned

from hemascope.evaluate.tune.trial import forget, train_trial
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

RECIPE = Recipe(
    network="mobilenetv3_small_050", pretrained=False, batch_size=64, epochs=2, input_size=32, precision="fp32",
    early_stopping={"keep": "last"},
)  # fmt: skip


def test_a_trial_that_was_ended_goes_on_after_its_last_epoch(tmp_path):
    targets = np.arange(16) % 2
    images = (np.zeros((16, 32, 32, 3)) + 120 * targets[:, None, None, None]).astype(np.uint8)
    part = Part(images, targets)
    rows: list[float] = []

    def end(row):
        rows.append(row["epoch"])
        if rows == [1]:
            raise TrialPruned

    with pytest.raises(TrialPruned):
        train_trial(tmp_path / "0000", RECIPE, 2, part, part, end)
    train_trial(tmp_path / "0000", RECIPE, 2, part, part, end)
    assert rows == [1, 1, 2]
    files = {path.name for path in (tmp_path / "0000").rglob("*") if path.is_file()}
    assert files == {"final.pt", "history.csv"}
    train_trial(tmp_path / "0000", RECIPE, 2, part, part, end)  # nothing is left to do
    assert rows == [1, 1, 2, 1, 2]
    forget(tmp_path / "0000")
    assert not list((tmp_path / "0000").rglob("*.pt"))
