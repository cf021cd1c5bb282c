import numpy as np
import pytest

from hemascope.augment.policy import Policy
from hemascope.evaluate.pseudo.transforms import choose_transforms
from hemascope.evaluate.tune_augment import trial as module
from hemascope.evaluate.tune_augment.trial import Reference, run_trial, score_trial, trial_recipe
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe


def test_a_trials_recipe_is_short_small_and_keeps_its_last_epoch():
    recipe = Recipe(epochs=30, input_size=128, progressive={"size": 96}, batch_size="auto", limit=9, tta=True)
    short = trial_recipe(recipe, Policy(hue=5), epochs=2, size=32)
    assert (short.epochs, short.input_size, short.batch_size, short.limit, short.tta) == (2, 32, 64, None, False)
    assert short.early_stopping.keep == "last"
    assert short.augment == Policy(hue=5)
    assert short.optimizer == recipe.optimizer


def test_a_trial_is_trained_once_and_leaves_little(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    targets = np.arange(32) % 2
    images = (generator.integers(0, 60, (32, 32, 32, 3)) + 120 * targets[:, None, None, None]).astype(np.uint8)
    part = Part(images, targets)
    reference = Reference(part, ("dark", "light"), choose_transforms("fixed"), 2, 0)
    recipe = Recipe(pretrained=False, batch_size=16, epochs=1, input_size=32, precision="fp32")
    hits = run_trial(tmp_path / "0000", recipe, part, reference)
    assert hits.clean.shape == hits.copies.shape == (32,)
    assert set(np.unique(hits.clean)) <= {0, 1}
    assert {path.name for path in (tmp_path / "0000").rglob("*") if path.is_file()} == {
        "final.pt", "history.csv", "hits.npz",
    }  # fmt: skip
    again = score_trial(tmp_path / "0000", recipe, reference)
    np.testing.assert_array_equal(again.copy_hits, hits.copies)

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(module, "fit", never)
    np.testing.assert_array_equal(run_trial(tmp_path / "0000", recipe, part, reference).copies, hits.copies)
    with pytest.raises(AssertionError):
        run_trial(tmp_path / "0001", recipe, part, reference)
