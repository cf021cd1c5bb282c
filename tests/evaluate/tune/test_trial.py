import numpy as np
import pytest
from optuna.exceptions import TrialPruned

from hemascope.errors import RecipeError
from hemascope.evaluate.tune.trial import Data, forget, short_recipe, train_trial
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
    data = Data(("a", "b"), {"train": part, "val": part})
    rows: list[float] = []

    def end(row):
        rows.append(row["epoch"])
        if rows == [1]:
            raise TrialPruned

    with pytest.raises(TrialPruned):
        train_trial(tmp_path / "0000", RECIPE, data, end)
    train_trial(tmp_path / "0000", RECIPE, data, end)
    assert rows == [1, 1, 2]
    files = {path.name for path in (tmp_path / "0000").rglob("*") if path.is_file()}
    assert files == {"final.pt", "history.csv"}
    train_trial(tmp_path / "0000", RECIPE, data, end)  # nothing is left to do
    assert rows == [1, 1, 2, 1, 2]
    forget(tmp_path / "0000")
    assert not list((tmp_path / "0000").rglob("*.pt"))


def test_a_short_recipe_keeps_all_but_the_length_the_size_and_the_epoch_kept():
    recipe = Recipe(epochs=30, input_size=128, progressive={"size": 96}, batch_size="auto", limit=9, tta=True, folds=3)
    short = short_recipe(recipe, epochs=2, size=32, label_smoothing=0.1)
    assert (short.epochs, short.input_size, short.batch_size, short.limit, short.tta) == (2, 32, 64, None, False)
    assert (short.folds, short.label_smoothing, short.progressive.size) == (None, 0.1, None)
    assert (short.early_stopping.keep, short.early_stopping.patience) == ("last", None)
    assert short.optimizer == recipe.optimizer
    assert short_recipe(recipe, epochs=2, size=128).progressive == recipe.progressive


def test_what_cannot_be_shortened_is_refused():
    with pytest.raises(RecipeError, match=r"cannot be shortened to 2 epochs .*head_epochs"):
        short_recipe(Recipe(epochs=9, transfer={"head_epochs": 3}), epochs=2, size=32)
