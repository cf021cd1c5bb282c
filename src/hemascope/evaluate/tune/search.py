"""The search itself: trials chosen by optuna, kept where they outlive a kill, gone on with, shared by processes."""

import contextlib
import math
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Generic, TypeVar

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.pruners import BasePruner, NopPruner
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from hemascope.engine.joint import Joint
from hemascope.engine.tasks import Tasks
from hemascope.engine.where import HERE, Where, tasks
from hemascope.errors import EngineError, RunError, WriteError
from hemascope.evaluate.tune.sampler import NumberedSampler, first_number, place
from hemascope.evaluate.tune.space import Space
from hemascope.evaluate.tune.study import OVER, is_own, open_study, requeue, require_settings, wait_for_others
from hemascope.evaluate.tune.trial import Data, Trial, TrialResult, short_recipe
from hemascope.progress import SILENT, Progress
from hemascope.train.recipe import Recipe
from hemascope.train.search import Choice

FEWEST = 5
"""Finished trials below which nothing is said of what mattered."""

_ROUNDS = 4
"""A search learns from the trials that are over, so no more than one in so many is to run at once."""

_FOLDER = "folder"  # a trial's mark for the number of its folder: its own, or that of the one that it goes on with

Found = TypeVar("Found")


class Searched(ABC, Generic[Found]):
    """What a search varies, how one trial of it is scored, and what the trials come to.

    Args:
        recipe: what is searched around.
        epochs: of each trial.
        size: side of its images, pixels.
        settings: what else must be the same when the search is gone on with, JSON-ready.

    Attributes:
        short: the recipe of the trial that is the recipe as it is.

    Raises:
        RecipeError: the recipe takes no training so short or images so small.
    """

    name: str
    """Of the study in its storage."""

    shared: bool
    """Whether several processes may work on it at once; its storage then tells which of them are alive."""

    lower_is_better = False
    space: Space
    pruner: BasePruner = NopPruner()

    def __init__(self, recipe: Recipe, *, epochs: int, size: int, settings: dict[str, Any]) -> None:
        self.recipe, self.settings = recipe, {**settings, "epochs": epochs, "size": size}
        self.short = short_recipe(recipe, epochs=epochs, size=size)

    @property
    @abstractmethod
    def own(self) -> dict[str, Choice]:
        """The recipe's own values, which need not lie within the space."""

    @abstractmethod
    def storage(self, folder: Path) -> BaseStorage:
        """Open, and where need be create, what keeps the trials."""

    @abstractmethod
    def score(self, report: optuna.Trial, trial: Trial, data: Any, progress: Progress, pool: Tasks) -> float:
        """Train and score a trial, as a task of ``pool``, with the `Data` as its `put` gives it.

        ``report`` takes what optuna is to know of it. May raise TrialPruned.
        """

    @abstractmethod
    def line(self, trial: TrialResult) -> str:
        """What a trial did, for who watches."""

    @abstractmethod
    def found(self, trials: tuple[TrialResult, ...], importance: dict[str, float], data: Data) -> Found:
        """Choose the winner among the trials that are over, by number, and measure it."""

    def forget(self, trials: tuple[TrialResult, ...]) -> None:
        """Delete what nobody needs of trials that are over: nothing."""


def search(
    folder: Path,
    searched: Searched[Found],
    data: Data,
    *,
    trials: int,
    minutes: float | None = None,
    where: Where = HERE,
    progress: Progress = SILENT,
) -> Found:
    """Try values until so many trials are over, in all processes together, and measure the winner.

    The sampler is the tree-structured Parzen estimator (Bergstra et al. 2011), seeded by the recipe's seed and the
    trial's place, so that a search that was killed and gone on with tries what an uninterrupted one would. The first
    trial is the recipe as it is.

    On a cluster several trials run at once, each a task; this process alone speaks with the storage. The first 8 trials
    have the same values as here; later ones hang on which are over when they begin.

    Args:
        folder: of the search; what is in it is gone on with.
        searched: what varies.
        data: what the trials are trained on and scored by.
        trials: how many beside the recipe's own, those of earlier calls included.
        minutes: begin no trial after so many.
        where: they are trained.
        progress: told of every trial.

    Raises:
        RunError: the folder or the storage holds another search, or the recipe's own trial is not over.
        WriteError: the folder or the storage cannot be written.
        EngineError: no such cluster, or it lost a trial too often.
    """
    require_settings(folder, searched.settings)
    if where.on is not None:
        folder = folder.absolute()
    storage = searched.storage(folder)
    study = open_study(
        storage,
        searched.name,
        searched.settings,
        searched.space.nearest(searched.own),
        sampler=NumberedSampler(searched.recipe.seed, shared=searched.shared),
        pruner=searched.pruner,
        maximize=not searched.lower_is_better,
        alone=not searched.shared,
    )
    left = trials + 1 - sum(trial.state in OVER for trial in study.get_trials(deepcopy=False))
    deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes
    with tasks(where, folder, many=max(2, math.ceil(left / _ROUNDS))) as pool:
        turns = _Turns(folder, searched, pool.put(data), trials, deadline, pool)
        if pool.slots == 1 or left < 2:
            turns.take(study, progress)
        else:
            if not searched.shared:  # the others are judged by the recipe's own
                turns.take(study, progress, trials=0)
            turns.take_side_by_side(storage, progress)
    tried = turns.over(study)
    if not any(trial.own for trial in tried):
        raise RunError("the training with the recipe's own values is not over", "Repeat the command to go on.")
    progress.step("measuring the winner")
    return searched.found(tried, importance(study, searched.space.names), data)


class _Turns(Generic[Found]):
    """The trials of this process: begun one after the other by each of its slots, which know of each other.

    Args:
        folder: of the search.
        searched: what varies.
        data: as `Tasks.put` gives it.
        trials: how many beside the recipe's own.
        deadline: by the monotonic clock; after it none is begun.
        pool: where they are trained.
    """

    def __init__(
        self, folder: Path, searched: Searched[Found], data: Any, trials: int, deadline: float, pool: Tasks
    ) -> None:
        self.folder, self.searched, self.data, self.pool = folder, searched, data, pool
        self.trials, self.deadline = trials, deadline
        self._begin = threading.Lock()
        self._running = 0

    def take_side_by_side(self, storage: BaseStorage, progress: Progress) -> None:
        """Take turns in all slots at once, each with a sampler of its own."""
        shown = Joint(progress, "trials", self.trials + 1)

        def one(part: Progress) -> None:
            sampler = NumberedSampler(self.searched.recipe.seed, shared=True)
            study = optuna.load_study(
                storage=storage, sampler=sampler, pruner=self.searched.pruner, study_name=self.searched.name
            )
            self.take(study, part, shown=shown)

        for _ in self.pool.together([one] * min(self.pool.slots, self.trials + 1), shown):
            pass

    def take(
        self, study: optuna.Study, progress: Progress, *, trials: int | None = None, shown: Joint | None = None
    ) -> None:
        """Begin trials until so many are over, in all processes together."""
        searched, begun, waited_for = self.searched, -1, 0
        wanted = self.trials if trials is None else trials

        def objective(trial: optuna.Trial) -> float:
            nonlocal begun
            begun = trial.number
            self._running += 1
            turn.close()
            try:
                if _FOLDER not in trial.user_attrs:
                    own = begun if searched.shared else place(study, _known(study)[begun])
                    trial.set_user_attr(_FOLDER, own)
                searched.space.suggest(trial)
                tried = self._described(_known(study)[begun])
                progress.step(f"trial {tried.number}")
                return searched.score(trial, tried, self.data, progress, self.pool)
            finally:
                with self._begin:
                    self._running -= 1

        def told(_: optuna.Study, trial: FrozenTrial) -> None:
            searched.forget(self.over(study))
            if trial.state in OVER:
                progress.say(searched.line(_result(self._described(trial), trial)))
            if shown:
                shown.over(sum(known.state in OVER for known in _known(study)))

        while time.monotonic() < self.deadline and not self.pool.stopped:
            with contextlib.ExitStack() as turn:
                turn.enter_context(self._begin)
                states = [trial.state for trial in _known(study)]
                ended, running = sum(state in OVER for state in states), states.count(TrialState.RUNNING)
                if ended > wanted or (ended + running > wanted and running <= self._running):
                    break
                if ended + running > wanted:
                    turn.close()
                    others = running - self._running
                    if others != waited_for:
                        progress.step(f"waiting for {others} {'trial' if others == 1 else 'trials'} of other processes")
                        waited_for = others
                    wait_for_others(study)
                    continue
                waited_for = 0
                try:
                    study.optimize(objective, n_trials=1, callbacks=[told])
                except UpdateFinishedTrialError:
                    continue  # this process slept for so long that another has taken up its trial
                except (KeyboardInterrupt, EngineError):
                    requeue(study, begun)
                    raise
                except StorageInternalError as problem:
                    cause = problem.__cause__
                    raise WriteError(
                        f"{self.folder}: the database of the search cannot be written "
                        f"({getattr(cause, 'orig', cause) or problem})",
                        "Make room where it is, then repeat the command to go on.",
                    ) from problem

    def over(self, study: optuna.Study) -> tuple[TrialResult, ...]:
        """The trials that are over, of all processes, by number."""
        ended = [trial for trial in _known(study) if trial.state in OVER]
        return tuple(
            sorted((_result(self._described(trial), trial) for trial in ended), key=lambda trial: trial.number)
        )

    def _described(self, trial: FrozenTrial) -> Trial:
        own = is_own(trial)
        number = int(trial.user_attrs.get(_FOLDER, first_number(trial)))
        values = self.searched.own if own else dict(trial.params)
        shown = trial.number if self.searched.shared else number
        return Trial(shown, own, values, self.folder / "trials" / f"{number:04d}")


def _known(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False)


def importance(study: optuna.Study, names: tuple[str, ...]) -> dict[str, float]:
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


def _result(trial: Trial, frozen: FrozenTrial) -> TrialResult:
    curve = tuple(value for _, value in sorted(frozen.intermediate_values.items()))
    seconds = frozen.duration.total_seconds() if frozen.duration else 0.0
    return TrialResult(**vars(trial), pruned=frozen.state == TrialState.PRUNED, curve=curve, seconds=seconds)
