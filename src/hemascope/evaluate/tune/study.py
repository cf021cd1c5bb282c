"""Optuna's study of a search, whichever process comes first to make it."""

import time
import warnings
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hemascope.evaluate.study.settings import require_same
from hemascope.evaluate.tune.storage import retry
from hemascope.train.search import Choice

OWN = "own"
"""Marks the trial of the recipe as it is."""

OVER = (TrialState.COMPLETE, TrialState.PRUNED)
"""States of the trials that count; others still run or were cut short."""

_SETTINGS = "settings"
_POLL_SECONDS = 1.0


def open_study(
    storage: BaseStorage,
    name: str,
    settings: dict[str, Any],
    own: dict[str, Choice],
    *,
    sampler: BaseSampler,
    pruner: BasePruner,
    maximize: bool,
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
        if not _has_own(study):
            time.sleep(_POLL_SECONDS)  # the process that made it is about to add its first trial
    study_settings = study.user_attrs.get(_SETTINGS)
    if study_settings is not None:
        require_same(f"the database's search {name!r}", study_settings, settings, "another search with --name")
    if not _has_own(study):
        study.set_user_attr(_SETTINGS, settings)
        study.enqueue_trial(own, user_attrs={OWN: True})
    _requeue_failed_own(study)
    return study


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


def _requeue_failed_own(study: optuna.Study) -> None:
    """Queue the recipe's own trial again where an error ended it, as a full disk does: nothing else takes its place."""
    own = [trial for trial in study.get_trials(deepcopy=False) if OWN in trial.user_attrs]
    if all(trial.state == TrialState.FAIL for trial in own):
        requeue(study, own[-1].number)


def _has_own(study: optuna.Study) -> bool:
    return any(OWN in trial.user_attrs for trial in study.get_trials(deepcopy=False))
