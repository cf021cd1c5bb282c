"""What `hemascope tune-augment` searches: strengths of augmentation, by short trainings scored on transformed copies.

Its trials are in a journal, and one process works on them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend

from hemascope.augment.policy import Policy
from hemascope.engine.tasks import Tasks
from hemascope.evaluate.hits import hit_gains, hit_scores
from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.pseudo.transforms import Transform
from hemascope.evaluate.pseudo.validate import pseudo_validate
from hemascope.evaluate.tune.result import BASELINE, TrialScore, Tuning
from hemascope.evaluate.tune.search import Searched
from hemascope.evaluate.tune.space import PolicySpace
from hemascope.evaluate.tune.trial import Data, Trial, TrialResult, train_trial
from hemascope.files import atomic
from hemascope.models.network import Network
from hemascope.progress import SILENT, Progress
from hemascope.shown import percent
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.search import Choice

JOURNAL_NAME = "search.journal"
_CONSTRAINT = "clean accuracy missing"
HITS_NAME = "hits.npz"
_OWN = "0000"  # folder of the recipe's own trial: in a search of one process nothing is begun before it is over


@dataclass(frozen=True)
class Hits:
    """What a trial got right, by image.

    Attributes:
        clean: float64 (n,), 1 where the image as it is is right.
        copies: float64 (n,), share of its copies that are right.
    """

    clean: np.ndarray
    copies: np.ndarray


class Augmentation(Searched[Tuning]):
    """A search for a policy that gains on transformed copies without losing on clean images.

    The objective is the accuracy on the copies of val; the constraint is the accuracy on its clean images, not below
    that of the recipe's own policy minus its standard error.

    Args:
        recipe: what is trained, but for the policy, the epochs and the size.
        epochs: of each trial.
        size: side of its images, pixels.
        transforms: what makes the copies.
        copies: of each image.
        settings: what else must be the same when a search is gone on with, JSON-ready.

    Raises:
        RecipeError: the recipe takes no training so short or images so small.
    """

    name = "augment"
    shared = False

    def __init__(
        self,
        recipe: Recipe,
        *,
        epochs: int,
        size: int,
        transforms: Sequence[Transform],
        copies: int,
        settings: dict[str, Any] | None = None,
    ) -> None:
        settings = {**(settings or {}), "recipe": recipe.model_dump(mode="json")}
        super().__init__(recipe, epochs=epochs, size=size, settings=settings)
        self.transforms, self.copies = transforms, copies
        self.space: PolicySpace = PolicySpace()

    @property
    def own(self) -> dict[str, Choice]:
        """Where the recipe's own policy lies, about."""
        return self.space.place_of(self.recipe.augment)

    def storage(self, folder: Path) -> BaseStorage:
        """The journal."""
        return JournalStorage(JournalFileBackend(str(folder / JOURNAL_NAME)))

    def score(self, report: optuna.Trial, trial: Trial, data: Any, progress: Progress, pool: Tasks) -> float:
        """Train; the score is the share of the copies that are right."""
        hits: Hits = pool.call(f"trial {trial.number}", self._hits, trial, data, progress=progress)
        own, first = hits, Trial(0, True, self.own, trial.folder.with_name(_OWN))
        if not trial.own:
            file = first.folder / HITS_NAME
            own = _read(file) if file.is_file() else pool.call("trial 0", self._hits, first, data, progress=progress)
        report.set_constraint(_CONSTRAINT, lowest_clean(own.clean) - float(hits.clean.mean()))
        return float(hits.copies.mean())

    def line(self, trial: TrialResult) -> str:
        """Number and scores."""
        hits = _read(trial.folder / HITS_NAME)
        about = "the recipe's own policy" if trial.own else ""
        scores = f"clean {percent(hits.clean.mean())}  copies {percent(hits.copies.mean())}"
        return f"trial {trial.number:3}  {scores}  {about}".rstrip()

    def found(self, trials: tuple[TrialResult, ...], importance: dict[str, float], data: Data) -> Tuning:
        """Choose the winner and measure it on copies, and where there are some on images, that had no say."""
        val, seed = data.parts["val"], self.recipe.seed
        hits = [self._hits(trial, data) for trial in trials]
        policies = [self._recipe_of(trial).augment for trial in trials]
        scored = scored_trials(hits, val.targets, trials, policies)
        found = Tuning(
            self.recipe,
            scored,
            importance,
            {},
            "test" if "test" in data.parts else "val with other copies",
            len(val.targets),
            self.copies,
            tuple(transform.name for transform in self.transforms),
        )
        part, by_number = data.parts.get("test", val), {trial.number: trial for trial in trials}
        own, chosen = (
            self._score(self._train(by_number[number], data), part, data.classes, seed + 1)
            for number in (found.baseline.number, found.chosen.number)
        )
        gains = {
            "clean": hit_gains(chosen.clean - own.clean, part.targets)["accuracy"],
            "pseudo": hit_gains(chosen.copies - own.copies, part.targets)["accuracy"],
        }
        return replace(found, check=gains)

    def _recipe_of(self, trial: Trial) -> Recipe:
        policy = self.recipe.augment if trial.own else self.space.policy_of(trial.values)
        return self.short.model_copy(update={"augment": policy})

    def _train(self, trial: Trial, data: Data, progress: Progress = SILENT) -> Network:
        """A trial's network; where it is there no more, it is trained once more."""
        epochs = self.short.epochs
        return train_trial(
            trial.folder, self._recipe_of(trial), data, lambda row: progress.done(int(row["epoch"]), epochs, "epochs")
        )

    def _hits(self, trial: Trial, data: Data, progress: Progress = SILENT) -> Hits:
        """What a trial gets right on val and its copies; what is there already is not done again."""
        file = trial.folder / HITS_NAME
        if not file.is_file():
            network = self._train(trial, data, progress)
            hits = self._score(network, data.parts["val"], data.classes, self.recipe.seed)
            with atomic(file) as temporary, temporary.open("wb") as opened:
                np.savez(opened, clean=hits.clean, copies=hits.copies)
        return _read(file)

    def _score(self, network: Network, part: Part, classes: tuple[str, ...], seed: int) -> Hits:
        scored = pseudo_validate(
            NetworkModel(network, classes, self.short.input_size),
            part.images,
            part.targets,
            self.transforms,
            copies=self.copies,
            operations=False,
            seed=seed,
        )
        return Hits(scored.clean_hits, scored.copy_hits)


def _read(file: Path) -> Hits:
    with np.load(file) as saved:
        return Hits(saved["clean"], saved["copies"])


def scored_trials(
    hits: Sequence[Hits], targets: np.ndarray, trials: Sequence[Trial], policies: Sequence[Policy]
) -> tuple[TrialScore, ...]:
    """Turn the hits of all trials, the first of them trial 0, into scores; see `TrialScore`."""
    allowed = lowest_clean(hits[BASELINE].clean)
    return tuple(
        TrialScore(
            trial.number,
            trial.values,
            policy,
            hit_scores(own.clean, targets)["accuracy"],
            hit_scores(own.copies, targets)["accuracy"],
            hit_gains(own.clean - hits[BASELINE].clean, targets)["accuracy"],
            hit_gains(own.copies - hits[BASELINE].copies, targets)["accuracy"],
            bool(own.clean.mean() >= allowed),
        )
        for own, trial, policy in zip(hits, trials, policies, strict=True)
    )


def lowest_clean(baseline: np.ndarray) -> float:
    """The accuracy on clean images below which a trial is not feasible: trial 0's minus its standard error.

    The error is that of Laplace's estimate, so that a perfect baseline has one too.

    >>> round(lowest_clean(np.ones(98)), 4)
    0.9899
    """
    n = len(baseline)
    share = (baseline.sum() + 1) / (n + 2)
    return float(baseline.mean() - math.sqrt(share * (1 - share) / n))
