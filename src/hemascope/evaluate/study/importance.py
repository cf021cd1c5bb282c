"""How much each searched value mattered."""

from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

FEWEST = 5
"""Finished trials below which nothing is said."""


def importance(study: optuna.Study, names: Sequence[str]) -> dict[str, float]:
    """Share of each value in the spread of the scores by fANOVA (Hutter et al. 2014).

    Args:
        study: whose finished trials all have these values; pruned ones do not count.
        names: of the values.

    Returns:
        Shares by name, the largest first, that sum to 1; empty with fewer than 5 trials or where all score the same.
    """
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(finished) < FEWEST or len({trial.value for trial in finished}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator, params=list(names)))
