"""One trial: a short training with a policy, scored on clean images and on fixed copies of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.augment.policy import Policy
from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.pseudo.result import PseudoResult
from hemascope.evaluate.pseudo.transforms import Transform
from hemascope.evaluate.pseudo.validate import pseudo_validate
from hemascope.evaluate.study.short import short_recipe
from hemascope.files import atomic
from hemascope.train.fit import Part, fit, load_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

_HITS = "hits.npz"


@dataclass(frozen=True)
class Reference:
    """What every trial is scored by; it does not depend on the trial.

    Attributes:
        part: the images.
        classes: names of the classes.
        transforms: what makes the copies.
        copies: of each image.
        seed: of the copies.
    """

    part: Part
    classes: tuple[str, ...]
    transforms: Sequence[Transform]
    copies: int
    seed: int


@dataclass(frozen=True)
class Hits:
    """What a trial got right, by image.

    Attributes:
        clean: float64 (n,), 1 where the image as it is is right.
        copies: float64 (n,), share of its copies that are right.
    """

    clean: np.ndarray
    copies: np.ndarray


def trial_recipe(recipe: Recipe, policy: Policy, *, epochs: int, size: int) -> Recipe:
    """The recipe of a short training with another policy."""
    return short_recipe(recipe, epochs=epochs, size=size, augment=policy.model_dump())


def run_trial(folder: Path, recipe: Recipe, train: Part, reference: Reference) -> Hits:
    """Train in a folder and score; what is there already, whole or in part, is not done again."""
    run = Run(folder)
    if not (folder / _HITS).is_file():
        network = fit(run, recipe, len(reference.classes), train, reference.part)
        scored = _scored(NetworkModel(network, reference.classes, recipe.input_size), reference)
        with atomic(folder / _HITS) as temporary, temporary.open("wb") as file:
            np.savez(file, clean=scored.clean_hits, copies=scored.copy_hits)
        for checkpoint in (run.last_checkpoint, run.best_weights):  # five times as large as the finished network
            checkpoint.unlink(missing_ok=True)
    with np.load(folder / _HITS) as saved:
        return Hits(saved["clean"], saved["copies"])


def score_trial(folder: Path, recipe: Recipe, reference: Reference) -> PseudoResult:
    """Score the finished network of a trial on another reference."""
    network = load_network(Run(folder), recipe, len(reference.classes))
    return _scored(NetworkModel(network, reference.classes, recipe.input_size), reference)


def _scored(model: NetworkModel, reference: Reference) -> PseudoResult:
    return pseudo_validate(
        model,
        reference.part.images,
        reference.part.targets,
        reference.transforms,
        copies=reference.copies,
        operations=False,
        seed=reference.seed,
    )
