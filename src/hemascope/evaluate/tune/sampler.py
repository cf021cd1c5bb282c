"""A sampler whose choices hang on the seed and the trial's place alone."""

import numpy as np
import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial

_STARTUP = 8
_RETRIED = "failed_trial"  # where optuna keeps the number of the trial that another one repeats


class NumberedSampler(TPESampler):
    """The tree-structured Parzen estimator (Bergstra et al. 2011), seeded anew for every trial.

    A search that was killed and gone on with then tries what an uninterrupted one would, and processes that share a
    search never draw the same numbers. The first 8 trials are drawn evenly.

    Args:
        seed: of the search.
        shared: whether several processes may work on the search at once; a trial then keeps away from those that
            are still running.
    """

    def __init__(self, seed: int, *, shared: bool = False) -> None:
        super().__init__(seed=seed, n_startup_trials=_STARTUP, constant_liar=shared)
        self._seed, self._shared = seed, shared

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Begin a trial, before any of its values is drawn."""
        own = int(np.random.SeedSequence([self._seed, place(study, trial)]).generate_state(1)[0])
        super().__init__(seed=own, n_startup_trials=_STARTUP, constant_liar=self._shared)
        super().before_trial(study, trial)


def first_number(trial: FrozenTrial) -> int:
    """The number of a trial; of one that repeats a trial which was cut short, the number that that one had at first."""
    return int(trial.system_attrs.get(_RETRIED, trial.number))


def place(study: optuna.Study, trial: FrozenTrial) -> int:
    """The number that the trial would have had if none had been cut short and repeated under another number."""
    first = first_number(trial)
    known = study.get_trials(deepcopy=False)
    return first - sum(_RETRIED in other.system_attrs for other in known if other.number < first)
