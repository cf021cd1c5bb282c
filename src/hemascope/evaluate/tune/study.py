"""Optuna's study of a search: made by whichever process comes first, and gone on with as it began."""

import json
import time
import warnings
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from pydantic import ValidationError

from hemascope.errors import RunError
from hemascope.evaluate.tune.sampler import first_number
from hemascope.evaluate.tune.storage import retry
from hemascope.files import write_text
from hemascope.train.recipe import Recipe
from hemascope.train.search import Choice

SETTINGS_NAME = "search.json"

OVER = (TrialState.COMPLETE, TrialState.PRUNED)
"""States of the trials that count; others still run or were cut short."""

_OWN = "own"  # marks the trial of the recipe as it is
_SETTINGS = "settings"
_POLL_SECONDS = 1.0


def require_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a new search into its folder; check those of one that is gone on with.

    Args:
        folder: of the search; new or empty, or with a search in it.
        settings: all that must stay the same, JSON-ready.

    Raises:
        RunError: as `check_settings`.
        WriteError: the folder cannot be written.
    """
    if check_settings(folder, settings):
        return
    write_text(folder / SETTINGS_NAME, json.dumps(settings, indent=1) + "\n")


def check_settings(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether the folder holds a search, which then has these settings; False where it is new or empty.

    Raises:
        RunError: the folder holds a search with other settings, or something else.
    """
    file = folder / SETTINGS_NAME
    if not file.is_file():
        # A file with a dot is one that another process of the same search is about to finish.
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise RunError(f"{folder} holds files, but no search", "Name a new or empty folder with -o.")
        return False
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise RunError(f"{file}: cannot be read ({problem})", "Name another folder with -o.") from problem
    _require_same(str(folder), before, settings, "another folder with -o")
    return True


def open_study(
    storage: BaseStorage,
    name: str,
    settings: dict[str, Any],
    own: Mapping[str, Choice],
    *,
    sampler: BaseSampler,
    pruner: BasePruner,
    maximize: bool,
    alone: bool = False,
) -> optuna.Study:
    """The study of this name: a new one, whose first trial is the recipe as it is, or the one that is there.

    Args:
        storage: of the trials.
        name: of the study.
        settings: all that must be the same, JSON-ready.
        own: the values of the first trial.
        sampler: chooses the others.
        pruner: ends them.
        maximize: whether a higher score is better.
        alone: whether no other process works on it, so that all trials that are not over were cut short.

    Raises:
        RunError: the study that is there has other settings.
    """
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
    try:
        study = optuna.create_study(
            storage=storage, sampler=sampler, pruner=pruner, study_name=name, direction=direction
        )
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage, sampler=sampler, pruner=pruner, study_name=name)
        if not (alone or _has_own(study)):
            time.sleep(_POLL_SECONDS)  # the process that made it is about to add its first trial
    before = study.user_attrs.get(_SETTINGS)
    if before is not None:
        _require_same(f"the database's search {name!r}", before, settings, "another search with --name")
    if not _has_own(study):
        study.set_user_attr(_SETTINGS, settings)
        study.enqueue_trial(dict(own), user_attrs={_OWN: True})
    _take_up(study, alone=alone)
    return study


def is_own(trial: FrozenTrial) -> bool:
    """Whether a trial is the recipe as it is: it is marked, or, where release 0.1.0 marked none, the first."""
    return bool(trial.user_attrs.get(_OWN)) or first_number(trial) == 0


def wait_for_others(study: optuna.Study) -> None:
    """Wait a moment for the trials of other processes; those of a process that is dead are queued again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)
    time.sleep(_POLL_SECONDS)


def requeue(study: optuna.Study, number: int) -> None:
    """Queue a trial again that this process was stopped in, to be gone on with by the next one."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.FAIL,)):
        if trial.number == number:
            retry(study, trial)


def _take_up(study: optuna.Study, *, alone: bool) -> None:
    """Queue again what was cut short for good.

    That is everything where no other process works on it. Else it is only the recipe's own trial where an error ended
    it, as a full disk does: other trials are queued again by whoever notices, or another one takes their place.
    """
    tries: dict[int, list[FrozenTrial]] = defaultdict(list)
    for trial in study.get_trials(deepcopy=False):
        if alone and trial.state == TrialState.RUNNING:
            study.tell(trial.number, state=TrialState.FAIL)
        tries[first_number(trial)].append(trial)
    for same in tries.values():
        ended = all(trial.state == TrialState.FAIL or (alone and trial.state == TrialState.RUNNING) for trial in same)
        if ended and (alone or is_own(same[0])):
            requeue(study, same[-1].number)


def _has_own(study: optuna.Study) -> bool:
    return any(is_own(trial) for trial in study.get_trials(deepcopy=False))


def _require_same(place: str, before: dict[str, Any], settings: dict[str, Any], other: str) -> None:
    """Raise a RunError, naming the keys, unless the search that ``place`` holds has these settings."""
    before, now = _whole(before), _whole(json.loads(json.dumps(settings)))
    changed = [key for key in now if before.get(key) != now[key]]
    if changed:
        raise RunError(
            f"{place} holds a search with other settings ({', '.join(changed)})",
            f"Repeat the command as it was to go on with it, or name {other}.",
        )


def _whole(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings whose recipe has every key, also those that it did not have when the search began."""
    try:
        return {**settings, "recipe": Recipe.model_validate(settings["recipe"]).model_dump(mode="json")}
    except (KeyError, ValidationError):
        return settings
