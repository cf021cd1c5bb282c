import json

import numpy as np
import pytest

from hemascope.errors import RunError
from hemascope.evaluate.pseudo.transforms import choose_transforms
from hemascope.evaluate.tune_augment import search as module
from hemascope.evaluate.tune_augment.search import tune_augment
from hemascope.evaluate.tune_augment.trial import Hits, Reference
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

RECIPE = Recipe(augment={"rotation": 180}, pretrained=False, batch_size=8)
PART = Part(np.zeros((80, 16, 16, 3), np.uint8), np.arange(80) % 2)
REFERENCE = Reference(PART, ("a", "b"), choose_transforms("fixed"), 2, 0)


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

    def run_trial(folder, recipe, train, reference):
        number = int(folder.name)
        if number in stop:
            stop.remove(number)
            raise KeyboardInterrupt
        done.append(number)
        return hits(recipe)

    monkeypatch.setattr(module, "run_trial", run_trial)
    monkeypatch.setattr(module, "score_trial", lambda folder, recipe, reference: Scored(hits(recipe)))
    return done, stop


def run(folder, trials=12, **changed):
    settings = {"source": "cells", **changed}
    return tune_augment(folder, RECIPE, PART, REFERENCE, trials=trials, epochs=1, size=16, settings=settings)


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
