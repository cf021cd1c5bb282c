"""What the trials of a study come to: their results, the winner, and what it is worth."""

from pathlib import Path

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState

from hemascope.errors import RunError
from hemascope.evaluate.study.importance import importance
from hemascope.evaluate.tune.measure import Measured, measure
from hemascope.evaluate.tune.result import TrialResult, Tuned, choose
from hemascope.evaluate.tune.space import Space
from hemascope.evaluate.tune.study import OVER, OWN
from hemascope.evaluate.tune.trial import forget, train_trial
from hemascope.models.network import Network
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe

FOLDER = "folder"
"""A trial's mark for the number of its folder: its own, or that of the one that it goes on with."""


def folder_of(root: Path, trial: FrozenTrial | Trial) -> Path:
    """Where a trial trains, below the folder of the search."""
    return root / "trials" / f"{trial.user_attrs[FOLDER]:04d}"


def result_of(trial: FrozenTrial, space: Space) -> TrialResult:
    """A trial that is over."""
    own = bool(trial.user_attrs.get(OWN))
    curve = tuple(value for _, value in sorted(trial.intermediate_values.items()))
    seconds = trial.duration.total_seconds() if trial.duration else 0.0
    values = space.own if own else dict(trial.params)
    return TrialResult(trial.number, own, trial.state == TrialState.PRUNED, curve, values, seconds)


def forget_losers(study: optuna.Study, space: Space, root: Path) -> None:
    """Delete the networks of trials that can win no more; the recipe's own is kept."""
    over = study.get_trials(deepcopy=False, states=OVER)
    results = tuple(result_of(trial, space) for trial in over)
    if all(result.pruned for result in results):
        return
    best = choose(results, lower_is_better=_lower(study)).number
    for trial, result in zip(over, results, strict=True):
        if result.number != best and not result.own:
            forget(folder_of(root, trial))


def outcome(
    study: optuna.Study, recipe: Recipe, space: Space, root: Path, classes: tuple[str, ...], parts: dict[str, Part]
) -> Tuned:
    """Choose the winner and measure it against the recipe's own values.

    Args:
        study: with the trials.
        recipe: the user's.
        space: what was searched, around the shortened recipe.
        root: folder of the search.
        classes: names of the classes.
        parts: ``train``, ``val`` and, where there is one, ``test``.

    Raises:
        RunError: the trial with the recipe's own values is not over.
    """
    trials = {trial.number: trial for trial in study.get_trials(deepcopy=False, states=OVER)}
    results = tuple(result_of(trials[number], space) for number in sorted(trials))
    own = next((result for result in results if result.own), None)
    if own is None:
        raise RunError("the training with the recipe's own values is not over", "Repeat the command to go on.")
    chosen = choose(results, lower_is_better=_lower(study))

    def network(result: TrialResult) -> Network:
        """A trial's network; where another machine trained it, it is trained here once more."""
        trial = trials[result.number]
        trained = space.recipe if result.own else space.recipe_of(trial.params)
        return train_trial(folder_of(root, trial), trained, len(classes), parts["train"], parts["val"])

    measured: dict[str, Measured] = {}
    if not chosen.own:
        networks = network(own), network(chosen)
        measured = {name: measure(*networks, parts[name]) for name in ("val", "test") if name in parts}
    best = Space(recipe).recipe_of({} if chosen.own else chosen.values)
    return Tuned(
        recipe,
        best.model_copy(update={"name": f"{recipe.name}-tuned"}),
        recipe.early_stopping.monitor,
        _lower(study),
        space.recipe.epochs,
        space.recipe.input_size,
        {name: len(part.targets) for name, part in parts.items()},
        results,
        importance(study, space.names),
        measured,
    )


def _lower(study: optuna.Study) -> bool:
    return study.direction == StudyDirection.MINIMIZE
