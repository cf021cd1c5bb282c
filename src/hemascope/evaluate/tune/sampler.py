"""A sampler whose choices hang on the seed and the trial's place alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

_STARTUP = 8
_RETRIED = "failed_trial"  # where optuna keeps the number of the trial that another one repeats


class NumberedSampler(BaseSampler):
    """The tree-structured Parzen estimator (Bergstra et al. 2011), seeded anew for every trial.

    A search that was killed and gone on with then tries what an uninterrupted one would, and processes that share a
    search never draw the same numbers. The first 8 trials are drawn evenly.

    Args:
        seed: of the search.
        shared: whether several processes may work on the search at once; a trial then keeps away from those that
            are still running.
    """

    def __init__(self, seed: int, *, shared: bool = False) -> None:
        self._seed, self._shared = seed, shared
        self._number = -1
        self._sampler: BaseSampler = TPESampler()

    def _of(self, study: optuna.Study, trial: FrozenTrial) -> BaseSampler:
        if trial.number != self._number:
            own = int(np.random.SeedSequence([self._seed, place(study, trial)]).generate_state(1)[0])
            self._number = trial.number
            self._sampler = TPESampler(seed=own, n_startup_trials=_STARTUP, constant_liar=self._shared)
        return self._sampler

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What is drawn together: optuna's own rule."""
        return self._of(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the values that are drawn together."""
        return self._of(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw one value."""
        return self._of(study, trial).sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Begin a trial."""
        self._of(study, trial).before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """End it."""
        self._of(study, trial).after_trial(study, trial, state, values)


def first_number(trial: FrozenTrial) -> int:
    """The number of a trial; of one that repeats a trial which was cut short, the number that that one had at first."""
    return int(trial.system_attrs.get(_RETRIED, trial.number))


def place(study: optuna.Study, trial: FrozenTrial) -> int:
    """The number that the trial would have had if none had been cut short and repeated under another number."""
    first = first_number(trial)
    known = study.get_trials(deepcopy=False)
    return first - sum(_RETRIED in other.system_attrs for other in known if other.number < first)
