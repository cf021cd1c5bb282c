"""The search itself: trials chosen by optuna, kept in a journal, gone on with after a kill."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial, TrialState

from hemascope.evaluate.bootstrap import hit_scores
from hemascope.evaluate.study.importance import importance
from hemascope.evaluate.study.sampler import NumberedSampler
from hemascope.evaluate.study.settings import require_settings
from hemascope.evaluate.tune_augment.result import BASELINE, Tuning, lowest_clean, scored_trials
from hemascope.evaluate.tune_augment.space import NAMES, nearest, policy_of, suggest
from hemascope.evaluate.tune_augment.trial import Hits, Reference, run_trial, score_trial, trial_recipe
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

JOURNAL_NAME = "search.journal"
_CONSTRAINT = "clean accuracy missing"


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
    require_settings(folder, {**settings, "recipe": recipe.model_dump(mode="json"), "epochs": epochs, "size": size})
    study = _study(folder, recipe.seed)
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
        importance(study, NAMES),
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


def _study(folder: Path, seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL_NAME)))
    return optuna.create_study(
        storage=storage,
        sampler=NumberedSampler(seed),
        study_name="augment",
        direction="maximize",
        load_if_exists=True,
    )


def _begun(study: optuna.Study, number: int, recipe: Recipe) -> Trial | None:
    """The trial of this number with all its values chosen, begun now or by a killed call; None where it is over."""
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


def _values(study: optuna.Study, number: int) -> dict[str, float]:
    return dict(study.get_trials(deepcopy=False)[number].params)


def _trial_folder(folder: Path, number: int) -> Path:
    return folder / "trials" / f"{number:04d}"
