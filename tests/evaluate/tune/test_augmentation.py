import json

import numpy as np
import optuna
import pytest

from hemascope.augment.policy import Policy
from hemascope.engine.tasks import Here
from hemascope.errors import RunError
from hemascope.evaluate.pseudo.transforms import choose_transforms
from hemascope.evaluate.tune import augmentation as module
from hemascope.evaluate.tune.augmentation import Augmentation, Hits
from hemascope.evaluate.tune.search import search
from hemascope.evaluate.tune.trial import Data, Trial
from hemascope.progress import SILENT
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

RECIPE = Recipe(augment={"rotation": 180}, pretrained=False, batch_size=8)
PART = Part(np.zeros((80, 16, 16, 3), np.uint8), np.arange(80) % 2)
DATA = Data(("a", "b"), {"train": PART, "val": PART})


class Scored:
    def __init__(self, hits):
        self.clean_hits, self.copy_hits = hits.clean, hits.copies


@pytest.fixture
def trained(monkeypatch):
    """No training: stain helps on copies, colour hurts clean images; gives the numbers of the trials trained."""
    done: list[int] = []
    stop: set[int] = set()

    def hits(recipe):
        policy = recipe.augment
        clean = (np.arange(80) < 76 - 100 * policy.brightness).astype(float)
        return Hits(clean, np.full(80, 0.5 + policy.stain))

    def train_trial(folder, recipe, data, on_epoch):
        number = int(folder.name)
        if number in stop:
            stop.remove(number)
            raise KeyboardInterrupt
        done.append(number)
        return recipe

    monkeypatch.setattr(module, "train_trial", train_trial)
    monkeypatch.setattr(module, "NetworkModel", lambda recipe, *_: recipe)
    monkeypatch.setattr(module, "pseudo_validate", lambda recipe, *_, **__: Scored(hits(recipe)))
    return done, stop


def run(folder, trials=12, **changed):
    settings = {"source": "cells", **changed}
    searched = Augmentation(
        RECIPE, epochs=1, size=16, transforms=choose_transforms("fixed"), copies=2, settings=settings
    )
    return search(folder, searched, DATA, trials=trials)


def test_it_wins_or_keeps_the_recipes_own(tmp_path, trained):
    found = run(tmp_path / "search", trials=14)
    assert len(found.trials) == 15
    assert found.baseline.policy == RECIPE.augment
    best = max((trial for trial in found.trials if trial.feasible), key=lambda trial: trial.pseudo.value)
    assert found.chosen == best
    assert found.chosen.pseudo.value >= found.baseline.pseudo.value
    assert any(not trial.feasible for trial in found.trials)
    assert found.importance
    assert sum(found.importance.values()) == pytest.approx(1)
    assert found.check["pseudo"].value == pytest.approx(found.chosen.gain.value)


def test_a_killed_search_tries_what_an_uninterrupted_one_would(tmp_path, trained):
    _, stop = trained
    whole = run(tmp_path / "whole")
    stop.update({0, 5, 11})
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "killed")
    resumed = run(tmp_path / "killed")
    assert [trial.number for trial in resumed.trials] == list(range(13))
    assert [trial.values for trial in resumed.trials] == [trial.values for trial in whole.trials]
    assert resumed.chosen == whole.chosen
    extended = run(tmp_path / "killed", trials=13)
    assert [trial.values for trial in extended.trials[:13]] == [trial.values for trial in whole.trials]
    assert len(extended.trials) == 14


def test_other_settings_are_not_mixed_in(tmp_path, trained):
    run(tmp_path / "search", trials=1)
    with pytest.raises(RunError, match=r"other settings \(source\)"):
        run(tmp_path / "search", trials=1, source="others")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    with pytest.raises(RunError, match="holds files, but no search"):
        run(tmp_path / "full", trials=1)
    assert json.loads((tmp_path / "search" / "search.json").read_text())["epochs"] == 1


def test_a_trials_recipe_is_short_small_and_keeps_its_last_epoch():
    recipe = Recipe(epochs=30, input_size=128, progressive={"size": 96}, batch_size="auto", limit=9, tta=True)
    recipe = recipe.model_copy(update={"augment": Policy(hue=5)})
    short = Augmentation(recipe, epochs=2, size=32, transforms=(), copies=1).short
    assert (short.epochs, short.input_size, short.batch_size, short.limit, short.tta) == (2, 32, 64, None, False)
    assert short.early_stopping.keep == "last"
    assert short.augment == Policy(hue=5)
    assert short.optimizer == recipe.optimizer


def test_a_trial_is_trained_once_and_leaves_little(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    targets = np.arange(32) % 2
    images = (generator.integers(0, 60, (32, 32, 32, 3)) + 120 * targets[:, None, None, None]).astype(np.uint8)
    part = Part(images, targets)
    data = Data(("dark", "light"), {"train": part, "val": part})
    recipe = Recipe(pretrained=False, batch_size=16, epochs=1, input_size=32, precision="fp32")
    searched = Augmentation(recipe, epochs=1, size=32, transforms=choose_transforms("fixed"), copies=2)
    study = optuna.create_study()
    score = searched.score(study.ask(), Trial(0, True, searched.own, tmp_path / "0000"), data, SILENT, Here())
    with np.load(tmp_path / "0000" / "hits.npz") as saved:
        hits = Hits(saved["clean"], saved["copies"])
    assert score == hits.copies.mean()
    assert hits.clean.shape == hits.copies.shape == (32,)
    assert set(np.unique(hits.clean)) <= {0, 1}
    assert {path.name for path in (tmp_path / "0000").rglob("*") if path.is_file()} == {
        "final.pt", "history.csv", "hits.npz",
    }  # fmt: skip
    again = module.train_trial(tmp_path / "0000", searched.short, data)
    np.testing.assert_array_equal(searched._score(again, part, data.classes, 0).copies, hits.copies)

    def never(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(module, "train_trial", never)
    assert searched.score(study.ask(), Trial(0, True, searched.own, tmp_path / "0000"), data, SILENT, Here()) == score
    with pytest.raises(AssertionError):
        searched.score(study.ask(), Trial(1, False, searched.own, tmp_path / "0001"), data, SILENT, Here())
