"""What `hemascope tune` searches: keys of a recipe, by short trainings scored epoch by epoch, poor ones ended early.

Its trials are in a database that several processes may share.
"""

import math
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import optuna
from optuna.exceptions import TrialPruned
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.storages import BaseStorage

from hemascope.engine.tasks import Tasks
from hemascope.errors import RecipeError, RunError
from hemascope.evaluate.tune.result import Measured, Tuned, choose, measure, score_text, value_text
from hemascope.evaluate.tune.search import Searched
from hemascope.evaluate.tune.space import RecipeSpace
from hemascope.evaluate.tune.storage import open_storage
from hemascope.evaluate.tune.trial import Data, Row, Trial, TrialResult, forget, train_trial
from hemascope.models.network import Network
from hemascope.progress import Progress
from hemascope.train.divergence import DivergedError
from hemascope.train.recipe import Recipe
from hemascope.train.search import Choice
from hemascope.train.start import new_network

PRUNERS = ("median", "halving", "hyperband", "none")
_FIRST_JUDGED = 2  # the first epoch says little: the learning rate still rises
_UNJUDGED = 4  # finished trials before the median says anything
_KEPT = 3  # one of so many goes up a rung
_WIDTH = 80


class Hyperparameters(Searched[Tuned]):
    """A search around a recipe. Making one checks all that can be checked without images, and writes nothing.

    A trial reports the recipe's ``early_stopping.monitor`` on val after every epoch and is ended early where the pruner
    finds it poor; the recipe as it is never is.

    Args:
        recipe: what is searched around; its ``search`` names what varies.
        epochs: of each trial.
        size: side of its images, pixels.
        pruner: one of `PRUNERS`.
        settings: what else must be the same when a search is gone on with, JSON-ready.
        storage: address of the database; see `hemascope.evaluate.tune.storage.open_storage`.
        name: of the search within the database.

    Raises:
        RecipeError: the recipe does not take a value of its search.
        RunError: no such pruner, or a database that cannot be used.
        WeightsError: a network's pretrained weights cannot be had.
    """

    shared = True

    def __init__(
        self,
        recipe: Recipe,
        *,
        epochs: int,
        size: int,
        pruner: str = "median",
        settings: dict[str, Any] | None = None,
        storage: str | None = None,
        name: str = "search",
    ) -> None:
        if recipe.boosting is not None:
            raise RecipeError("a search trains one network a trial, the recipe boosts many", "Set boosting=null.")
        dumped = recipe.model_dump(mode="json", exclude_defaults=True)
        settings = {**(settings or {}), "recipe": dumped}
        super().__init__(recipe, epochs=epochs, size=size, settings=settings)
        self.settings["pruner"] = pruner
        self.name, self._address = name, storage
        self.space: RecipeSpace = RecipeSpace(self.short)
        RecipeSpace(recipe)  # the winner's values will go into the recipe as it is
        self.monitor = recipe.early_stopping.monitor
        self.lower_is_better = recipe.early_stopping.mode == "min"
        self.pruner = make_pruner(pruner, epochs)
        if storage is not None:
            open_storage(storage, Path())
        networks = self.space.parts.get("network", ())
        for network in {*(networks if isinstance(networks, tuple) else ()), recipe.network}:
            pretrained = recipe.pretrained and recipe.start is None
            new_network(self.space.recipe_of({"network": network}), 2, pretrained=pretrained)

    @property
    def own(self) -> dict[str, Choice]:
        """The recipe's own values."""
        return self.space.own

    def storage(self, folder: Path) -> BaseStorage:
        """The database."""
        return open_storage(self._address, folder)

    def score(self, report: optuna.Trial, trial: Trial, data: Any, progress: Progress, pool: Tasks) -> float:
        """Train; the score is that of the last epoch on val.

        Raises:
            TrialPruned: others did better at the same epoch, or it diverges.
            RunError: the recipe as it is diverges.
        """
        curve: dict[int, float] = {}

        def judge(row: Row) -> None:
            epoch, value = int(row["epoch"]), row[self.monitor]
            if epoch in curve:  # an epoch that was repeated, because its checkpoint was not written
                return
            if not math.isfinite(value):
                self._diverged(trial)
            curve[epoch] = value
            report.report(value, epoch)
            progress.done(epoch, self.short.epochs, f"epochs: {score_text(value, self.monitor)}")
            if not trial.own and epoch < self.short.epochs and report.should_prune():
                raise TrialPruned

        try:
            name, recipe = f"trial {trial.number}", self._recipe_of(trial)
            pool.call(name, trained, trial.folder, recipe, data, progress=progress, hear=judge)
        except DivergedError:
            forget(trial.folder)
            self._diverged(trial)
        except TrialPruned:
            forget(trial.folder)
            raise
        return curve[max(curve)]

    def line(self, trial: TrialResult) -> str:
        """Number, score, how it ended and its values, all of them, within 80 columns."""
        values = " ".join(f"{key.rpartition('.')[2]}={value_text(value)}" for key, value in trial.values.items())
        about = "the recipe's own values" if trial.own else values
        ended = f"pruned at {len(trial.curve)}" if trial.pruned else f"{trial.seconds:.0f} s"
        head = f"trial {trial.number:3}  {score_text(trial.value, self.monitor):>6}  {ended:11}  "
        return textwrap.fill(
            about,
            _WIDTH,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def forget(self, trials: tuple[TrialResult, ...]) -> None:
        """Delete the networks of trials that can win no more; the recipe's own is kept."""
        if all(trial.pruned for trial in trials):
            return
        best = choose(trials, lower_is_better=self.lower_is_better)
        for trial in trials:
            if not (trial.own or trial == best):
                forget(trial.folder)

    def found(self, trials: tuple[TrialResult, ...], importance: dict[str, float], data: Data) -> Tuned:
        """Choose the winner and measure it against the recipe's own values."""
        chosen = choose(trials, lower_is_better=self.lower_is_better)

        def network(trial: TrialResult) -> Network:
            """A trial's network; where another machine trained it, it is trained here once more."""
            return train_trial(trial.folder, self._recipe_of(trial), data)

        measured: dict[str, Measured] = {}
        if not chosen.own:
            networks = network(next(trial for trial in trials if trial.own)), network(chosen)
            measured = {name: measure(*networks, data.parts[name]) for name in ("val", "test") if name in data.parts}
        best = RecipeSpace(self.recipe).recipe_of({} if chosen.own else chosen.values)
        return Tuned(
            self.recipe,
            best.model_copy(update={"name": f"{self.recipe.name}-tuned"}),
            self.monitor,
            self.lower_is_better,
            self.short.epochs,
            self.short.input_size,
            {name: len(part.targets) for name, part in data.parts.items()},
            trials,
            importance,
            measured,
        )

    def _recipe_of(self, trial: Trial) -> Recipe:
        return self.space.recipe if trial.own else self.space.recipe_of(trial.values)

    def _diverged(self, trial: Trial) -> NoReturn:
        if trial.own:
            raise RunError(
                f"the recipe's own training diverges: its loss or {self.monitor} is no number",
                "Lower its optimizer.learning_rate.",
            )
        raise TrialPruned


def trained(folder: Path, recipe: Recipe, data: Data, *, progress: Progress, tell: Callable[[Row], None]) -> None:
    """Train a trial in its folder and tell the row of every epoch; the network stays there."""
    train_trial(folder, recipe, data, tell)


def make_pruner(name: str, epochs: int) -> BasePruner:
    """A pruner by name.

    - median: ends a trial whose best epoch so far is below the median of the finished ones at the same epoch
      (Golovin et al. 2017), from epoch 2 on and once four are finished.
    - halving: at epochs 1, 3, 9, ... only the best third goes on (asynchronous successive halving, Li et al. 2020).
    - hyperband: several such ladders, that begin at different epochs (Li et al. 2018).
    - none: every trial goes on to its last epoch.

    Args:
        name: one of `PRUNERS`.
        epochs: of a trial that is not pruned.

    Raises:
        RunError: no such pruner.
    """
    if name == "none":
        return NopPruner()
    if name == "median":
        return MedianPruner(n_startup_trials=_UNJUDGED, n_warmup_steps=_FIRST_JUDGED)
    if name == "halving":
        return SuccessiveHalvingPruner(min_resource=1, reduction_factor=_KEPT)
    if name == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=_KEPT)
    raise RunError(f"no pruner is called {name!r}", f"Choose one of: {', '.join(PRUNERS)}.")
