"""The search itself: trials chosen by optuna, kept in a journal, gone on with after a kill."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial, TrialState

from hemascope.errors import RunError
from hemascope.evaluate.hits import hit_scores
from hemascope.evaluate.tune_augment.result import BASELINE, Tuning, lowest_clean, scored_trials
from hemascope.evaluate.tune_augment.space import NAMES, nearest, policy_of, suggest
from hemascope.evaluate.tune_augment.trial import Hits, Reference, run_trial, score_trial, trial_recipe
from hemascope.files import write_text
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

SETTINGS_NAME, JOURNAL_NAME = "search.json", "search.journal"
_CONSTRAINT = "clean accuracy missing"
_STARTUP = 8
_FEWEST_FOR_IMPORTANCE = 5


def tune_augment(
    folder: Path,
    recipe: Recipe,
    train: Part,
    reference: Reference,
    *,
    trials: int,
    epochs: int,
    size: int,
    settings: dict[str, Any],
    check: Reference | None = None,
    on_trial: Callable[[int, Hits], None] | None = None,
) -> Tuning:
    """Search for a policy that gains on transformed copies without losing on clean images.

    The objective is the accuracy on the copies of the reference; the constraint is the accuracy on its clean images,
    not below that of trial 0 minus its standard error. Trial 0 is the recipe's own policy. The sampler is the
    tree-structured Parzen estimator (Bergstra et al. 2011), seeded by the recipe's seed and the trial's number, so that
    a search that was killed and gone on with tries what an uninterrupted one would.

    Args:
        folder: of the search; what is in it is gone on with.
        recipe: what is trained, but for the policy, the epochs and the size.
        train: the images to train on, framed to ``size``.
        reference: the images to score by, and their copies.
        trials: how many beside trial 0, those of an earlier call included.
        epochs: of each training.
        size: side of the images.
        settings: what else must be the same when a search is gone on with, JSON-ready.
        check: other images to measure the choice on; where not given, the reference's with other copies.
        on_trial: called with number and hits of every trial, those of an earlier call included.

    Raises:
        RunError: the folder holds a search with other settings.
    """
    _require_settings(folder, {**settings, "recipe": recipe.model_dump(mode="json"), "epochs": epochs, "size": size})
    study = _study(folder)
    hits: list[Hits] = []

    def recipe_of(number: int, values: dict[str, float]) -> Recipe:
        policy = recipe.augment if number == BASELINE else policy_of(values)
        return trial_recipe(recipe, policy, epochs=epochs, size=size)

    for number in range(trials + 1):
        trial = _begun(study, number, recipe)
        own = run_trial(_trial_folder(folder, number), recipe_of(number, _values(study, number)), train, reference)
        hits.append(own)
        if trial is not None:
            trial.set_constraint(_CONSTRAINT, lowest_clean(hits[BASELINE].clean) - float(own.clean.mean()))
            study.tell(trial, float(own.copies.mean()))
        if on_trial:
            on_trial(number, own)

    values = [_values(study, number) for number in range(trials + 1)]
    policies = [recipe_of(number, values[number]).augment for number in range(trials + 1)]
    scored = scored_trials(hits, reference.part.targets, values, policies)
    found = Tuning(
        scored,
        _importance(study, trials),
        {},
        "val with other copies" if check is None else "test",
        len(reference.part.targets),
        reference.copies,
        tuple(transform.name for transform in reference.transforms),
    )
    other = check or replace(reference, seed=reference.seed + 1)
    ends = [
        score_trial(_trial_folder(folder, number), recipe_of(number, values[number]), other)
        for number in (BASELINE, found.chosen.number)
    ]
    gains = {
        "clean": hit_scores(ends[1].clean_hits - ends[0].clean_hits, other.part.targets)["accuracy"],
        "pseudo": hit_scores(ends[1].copy_hits - ends[0].copy_hits, other.part.targets)["accuracy"],
    }
    return replace(found, check=gains)


def _study(folder: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL_NAME)))
    return optuna.create_study(storage=storage, study_name="augment", direction="maximize", load_if_exists=True)


def _begun(study: optuna.Study, number: int, recipe: Recipe) -> Trial | None:
    """The trial of this number with all its values chosen, begun now or by a killed call; None where it is over."""
    study.sampler = _sampler(recipe.seed, number)
    known = study.get_trials(deepcopy=False)
    if number < len(known) and known[number].state != TrialState.WAITING:
        if known[number].state == TrialState.COMPLETE:
            return None
        trial = Trial(study, known[number]._trial_id)
    else:
        if number == BASELINE and not known:
            study.enqueue_trial(nearest(recipe.augment))
        trial = study.ask()
    suggest(trial)
    return trial


def _sampler(seed: int, number: int) -> optuna.samplers.BaseSampler:
    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=own, n_startup_trials=_STARTUP)


def _values(study: optuna.Study, number: int) -> dict[str, float]:
    return dict(study.get_trials(deepcopy=False)[number].params)


def _importance(study: optuna.Study, trials: int) -> dict[str, float]:
    if trials + 1 < _FEWEST_FOR_IMPORTANCE or len({trial.value for trial in study.get_trials(deepcopy=False)}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator, params=list(NAMES)))


def _trial_folder(folder: Path, number: int) -> Path:
    return folder / "trials" / f"{number:04d}"


def _require_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a new search; compare those of one that is gone on with."""
    file = folder / SETTINGS_NAME
    if not file.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise RunError(f"{folder} holds files, but no search", "Name a new or empty folder with -o.")
        write_text(file, json.dumps(settings, indent=1) + "\n")
        return
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise RunError(f"{file}: cannot be read ({problem})", "Name another folder with -o.") from problem
    now = json.loads(json.dumps(settings))
    changed = [key for key in now if before.get(key) != now[key]]
    if changed:
        raise RunError(
            f"{folder} holds a search with other settings ({', '.join(changed)})",
            "Repeat the command as it was to go on with it, or name another folder with -o.",
        )
