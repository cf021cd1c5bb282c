"""A search for augmentation strengths, from the source to its page: `hemascope.tune_augment`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from hemascope.augment.policy import Policy
from hemascope.augment.sheet import policy_sheet
from hemascope.data.dataset import source_name
from hemascope.data.remote.delivery import here
from hemascope.engine.where import Where
from hemascope.evaluate.pseudo.transforms import DEFAULT, choose_transforms
from hemascope.evaluate.tune.augmentation import Augmentation
from hemascope.evaluate.tune.result import POLICY_NAME, RECIPE_NAME, Tuning
from hemascope.evaluate.tune.search import search
from hemascope.evaluate.tune.study import check_settings
from hemascope.evaluate.tune.trial import Data
from hemascope.files import atomic
from hemascope.pipeline.short_parts import read_parts
from hemascope.progress import SILENT, Progress
from hemascope.report.search import search_table
from hemascope.report.tune_augment import compared, strengths, tuning_words, write_tuning_report
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe

_SHEET_NAME = "sheet.png"
_SHOWN, _COPIES = 6, 8


@dataclass(frozen=True)
class TuneAugment:
    """What a search for augmentation strengths gives; a notebook shows the chosen ones and what they gain.

    Attributes:
        found: every trial, the chosen one, and its gain over the recipe's own policy.
        page: report.html.
    """

    found: Tuning
    page: Path

    @property
    def policy(self) -> Policy:
        """The chosen policy."""
        return self.found.chosen.policy

    @property
    def recipe(self) -> Recipe:
        """The recipe with the chosen policy, to train with."""
        return self.found.best

    @property
    def recipe_file(self) -> Path:
        """The same as a file."""
        return self.page.parent / RECIPE_NAME

    @property
    def policy_file(self) -> Path:
        """The policy as a file."""
        return self.page.parent / POLICY_NAME

    def _repr_html_(self) -> str:
        found = self.found
        words = [*tuning_words(found), f"Page: {self.page}"]
        return search_table(found.chosen.number, ("Operation", "Accuracy on"), strengths(found), compared(found), words)


def tune_augment(
    source: str | Path,
    recipe: str | Path | Recipe = "standard",
    *,
    output: str | Path,
    set: Iterable[str] | Mapping[str, Any] = (),
    trials: int = 20,
    train_images: int = 2000,
    val_images: int = 600,
    epochs: int = 5,
    size: int = 64,
    copies: int = 6,
    pseudo_policy: str = DEFAULT,
    on: str | None = None,
    cores_each: int | None = None,
    gpus_each: float | None = None,
    progress: Progress = SILENT,
) -> TuneAugment:
    """Search strengths of augmentation: short trainings, scored on clean images and on fixed transformed copies.

    Wins what is best on the copies and not worse on clean images than the recipe's own policy, which is trial 0. The
    same call in the same folder goes on with a search, and more ``trials`` extend it.

    Args:
        source: labelled images, as `hemascope.data.sources.open_source` reads them.
        recipe: a shipped recipe, a YAML file or a Recipe.
        output: folder of the search; it gets augment.yaml, recipe.yaml, trials.csv, tuning.json, sheet.png and
            report.html.
        set: changes of the recipe, "key=value" each, or keys and values.
        trials: trainings beside the one with the recipe's own policy.
        train_images: train each on about so many images.
        val_images: score it on about so many.
        epochs: of each training.
        size: side of the images of the trials, pixels.
        copies: transformed copies of each image to score on.
        pseudo_policy: what makes them: policies, recipes, shift, separated by commas.
        on: train the trials side by side on a Ray cluster, "ray" or its address; its machines share ``output``.
        cores_each: cores of each trial there; where not given, divided so that about a quarter of them run at once.
        gpus_each: GPUs of each trial, also a part of one; one where the cluster has any.
        progress: told of every trial.

    Raises:
        HemascopeError: a source, recipe, policy or folder that cannot be used; nothing is written then.
    """
    folder, chosen, where = here(output), load_recipe(recipe, set), Where(on, cores_each, gpus_each)
    where.check()
    settings = {
        "source": source_name(source),
        "train_images": train_images,
        "val_images": val_images,
        "copies": copies,
        "pseudo_policy": pseudo_policy,
    }
    searched = Augmentation(
        chosen,
        epochs=epochs,
        size=size,
        transforms=choose_transforms(pseudo_policy),
        copies=copies,
        settings=settings,
    )
    check_settings(folder, searched.settings)
    data = Data(*read_parts(source, searched.short, train=train_images, val=val_images, progress=progress))
    found = search(folder, searched, data, trials=trials, where=where, progress=progress)
    found.write(folder)
    images = data.parts["val"].images
    sheet = policy_sheet(images[:: max(1, len(images) // _SHOWN)][:_SHOWN], found.chosen.policy, copies=_COPIES)
    with atomic(folder / _SHEET_NAME) as temporary:
        Image.fromarray(sheet).save(temporary)
    return TuneAugment(found, write_tuning_report(folder, found, sheet, source_name(source)))
