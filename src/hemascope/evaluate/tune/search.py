"""The search itself: trials chosen by optuna, kept in a database, gone on with after a kill, shared by processes."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import TrialPruned, UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState

from hemascope.errors import RecipeError, RunError
from hemascope.evaluate.study.sampler import NumberedSampler
from hemascope.evaluate.study.settings import check_settings, require_settings
from hemascope.evaluate.study.short import short_recipe
from hemascope.evaluate.tune.outcome import FOLDER, folder_of, forget_losers, outcome, result_of
from hemascope.evaluate.tune.pruner import make_pruner
from hemascope.evaluate.tune.result import TrialResult, Tuned
from hemascope.evaluate.tune.space import Space
from hemascope.evaluate.tune.storage import open_storage
from hemascope.evaluate.tune.study import OVER, OWN, open_study, requeue, wait_for_others
from hemascope.evaluate.tune.trial import Row, forget, train_trial
from hemascope.train.fit import Part, new_network
from hemascope.train.recipe import Recipe


class Tuner:
    """A search around a recipe. Making one checks all that can be checked without images, and writes nothing.

    The sampler is the tree-structured Parzen estimator (Bergstra et al. 2011). A trial reports the recipe's
    ``early_stopping.monitor`` on val after every epoch and is ended early where the pruner finds it poor. The first
    trial is the recipe as it is, and is never pruned.

    Args:
        folder: of the search; what is in it is gone on with.
        recipe: what is searched around; its ``search`` names what varies.
        epochs: of each trial.
        size: side of its images, pixels.
        pruner: one of `hemascope.evaluate.tune.pruner.PRUNERS`.
        settings: what else must be the same when a search is gone on with, JSON-ready.
        storage: address of the database; see `hemascope.evaluate.tune.storage.open_storage`.
        name: of the search within the database.

    Raises:
        RecipeError: the recipe does not take a value of its search.
        RunError: the folder or the database holds something else, or cannot be used.
        WeightsError: a network's pretrained weights cannot be had.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        *,
        epochs: int,
        size: int,
        pruner: str = "median",
        settings: dict[str, Any] | None = None,
        storage: str | None = None,
        name: str = "search",
    ) -> None:
        self.folder, self.recipe = folder, recipe
        if recipe.boosting is not None:
            raise RecipeError("a search trains one network a trial, the recipe boosts many", "Set boosting=null.")
        self.space = Space(short_recipe(recipe, epochs=epochs, size=size))
        Space(recipe)  # the winner's values will go into the recipe as it is
        self._settings = {
            **(settings or {}),
            "recipe": recipe.model_dump(mode="json", exclude_defaults=True),
            "epochs": epochs,
            "size": size,
            "pruner": pruner,
        }
        check_settings(folder, self._settings)
        self._pruner = make_pruner(pruner, epochs)
        self._address, self._name = storage, name
        self._current = -1
        if storage is not None:
            open_storage(storage, folder)
        for network in {*self._choices("network"), self.recipe.network}:
            pretrained = self.recipe.pretrained and self.recipe.start is None
            new_network(self.space.recipe_of({"network": network}), 2, pretrained=pretrained)

    def run(
        self,
        classes: tuple[str, ...],
        parts: dict[str, Part],
        *,
        trials: int,
        minutes: float | None = None,
        on_epoch: Callable[[int, int, float], None] | None = None,
        on_trial: Callable[[TrialResult], None] | None = None,
        on_wait: Callable[[int], None] | None = None,
    ) -> Tuned:
        """Search, until so many trials are over in all processes together, and measure the winner.

        Args:
            classes: names of the classes.
            parts: ``train``, ``val`` and, to measure the winner on, ``test``.
            trials: how many beside the recipe's own, those of earlier calls included.
            minutes: begin no trial after so many.
            on_epoch: called with the number of the trial, the epoch and its score.
            on_trial: called with every trial that this call ends.
            on_wait: called, again and again, with the number of trials that other processes still run.

        Raises:
            RunError: the database holds a search with other settings, or no trial is over yet.
        """
        require_settings(self.folder, self._settings)
        study = open_study(
            open_storage(self._address, self.folder),
            self._name,
            self._settings,
            self.space.nearest,
            sampler=NumberedSampler(self.recipe.seed, shared=True),
            pruner=self._pruner,
            maximize=self.recipe.early_stopping.mode == "max",
        )
        deadline = math.inf if minutes is None else time.monotonic() + 60 * minutes

        def objective(trial: Trial) -> float:
            return self._try(trial, classes, parts, on_epoch)

        def told(_: optuna.Study, trial: FrozenTrial) -> None:
            forget_losers(study, self.space, self.folder)
            if on_trial and trial.state in OVER:
                on_trial(result_of(trial, self.space))

        while time.monotonic() < deadline:
            states = [trial.state for trial in study.get_trials(deepcopy=False)]
            over, running = sum(state in OVER for state in states), states.count(TrialState.RUNNING)
            if over > trials:
                break
            if over + running > trials:
                if on_wait:
                    on_wait(running)
                wait_for_others(study)
                continue
            try:
                study.optimize(objective, n_trials=1, callbacks=[told])
            except UpdateFinishedTrialError:
                continue  # this process slept for so long that another has taken up its trial
            except KeyboardInterrupt:
                requeue(study, self._current)
                raise
        return outcome(study, self.recipe, self.space, self.folder, classes, parts)

    def _try(
        self,
        trial: Trial,
        classes: tuple[str, ...],
        parts: dict[str, Part],
        on_epoch: Callable[[int, int, float], None] | None,
    ) -> float:
        self._current = trial.number
        own = bool(trial.user_attrs.get(OWN))
        if FOLDER not in trial.user_attrs:
            trial.set_user_attr(FOLDER, trial.number)
        values = self.space.suggest(trial)
        curve: dict[int, float] = {}

        def judge(row: Row) -> None:
            epoch, value = int(row["epoch"]), row[self.recipe.early_stopping.monitor]
            if epoch in curve:  # an epoch that was repeated, because its checkpoint was not written
                return
            if not math.isfinite(value):
                self._diverged(own)
            curve[epoch] = value
            trial.report(value, epoch)
            if on_epoch:
                on_epoch(trial.number, epoch, value)
            if not own and epoch < self.space.recipe.epochs and trial.should_prune():
                raise TrialPruned

        folder = folder_of(self.folder, trial)
        recipe = self.space.recipe if own else self.space.recipe_of(values)
        try:
            train_trial(folder, recipe, len(classes), parts["train"], parts["val"], judge)
        except TrialPruned:
            forget(folder)
            raise
        return curve[max(curve)]

    def _diverged(self, own: bool) -> None:
        if own:
            monitor = self.recipe.early_stopping.monitor
            raise RunError(
                f"the recipe's own training diverges: its {monitor} is no number",
                "Lower its optimizer.learning_rate, or set early_stopping.monitor=val_accuracy.",
            )
        raise TrialPruned

    def _choices(self, key: str) -> tuple[Any, ...]:
        part = self.space.parts.get(key, ())
        return part if isinstance(part, tuple) else ()
