"""A search for hyperparameters, from the source to its page: `hemascope.tune`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemascope.data.dataset import source_name
from hemascope.data.remote.delivery import here
from hemascope.engine.where import Where
from hemascope.evaluate.tune.hyperparameters import Hyperparameters
from hemascope.evaluate.tune.result import RECIPE_NAME, Tuned
from hemascope.evaluate.tune.search import search
from hemascope.evaluate.tune.study import check_settings
from hemascope.evaluate.tune.trial import Data
from hemascope.pipeline.short_parts import read_parts
from hemascope.progress import SILENT, Progress
from hemascope.report.search import search_table
from hemascope.report.tune import compared, search_words, values_table, write_search_report
from hemascope.train.device import on_device
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe


@dataclass(frozen=True)
class Tune:
    """What a search for hyperparameters gives; a notebook shows the winner's values and what they gain.

    Attributes:
        found: every trial, the winner, and its gain over the recipe's own values.
        page: report.html.
    """

    found: Tuned
    page: Path

    @property
    def recipe(self) -> Recipe:
        """The recipe with the winner's values, to train with."""
        return self.found.best

    @property
    def recipe_file(self) -> Path:
        """The same as a file."""
        return self.page.parent / RECIPE_NAME

    def _repr_html_(self) -> str:
        found = self.found
        words = [*search_words(found), f"Page: {self.page}"]
        return search_table(found.chosen.number, ("Key", "Score on"), values_table(found), compared(found), words)


def tune(
    source: str | Path,
    recipe: str | Path | Recipe = "standard",
    *,
    output: str | Path,
    set: Iterable[str] | Mapping[str, Any] = (),
    trials: int = 20,
    timeout: float | None = None,
    epochs: int = 5,
    train_images: int = 2000,
    val_images: int = 600,
    test_images: int = 600,
    size: int = 64,
    pruner: str = "median",
    storage: str | None = None,
    name: str | None = None,
    on: str | None = None,
    cores_each: int | None = None,
    gpus_each: float | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Tune:
    """Search better values for the keys that a recipe names in ``search``, by many short trainings.

    The first trial is the recipe as it is. The winner is measured against it on test images, which had no say. The same
    call in the same folder goes on with a search, more ``trials`` extend it, and several processes may share it.

    Args:
        source: labelled images, as `hemascope.data.sources.open_source` reads them.
        recipe: a shipped recipe, a YAML file or a Recipe; without ``search`` it is optimiser, learning rate, weight
            decay, dropout and label smoothing.
        output: folder of the search; it gets recipe.yaml, trials.csv, tuning.json and report.html.
        set: changes of the recipe, "key=value" each, or keys and values.
        trials: trainings beside the one with the recipe's own values, in all processes together.
        timeout: begin no training after so many minutes.
        epochs: of each training.
        train_images: train each on about so many images.
        val_images: score it on about so many.
        test_images: measure the winner on about so many others.
        size: side of the images of the trials, pixels.
        pruner: ends poor trials early: median, halving, hyperband, none.
        storage: address of a database of the trials; where not given, search.db in the folder.
        name: of the search in the database; where not given, the recipe's.
        on: train the trials side by side on a Ray cluster, "ray" or its address; its machines share ``output``.
        cores_each: cores of each trial there; where not given, divided so that about a quarter of them run at once.
        gpus_each: GPUs of each trial, also a part of one; one where the cluster has any.
        device: to train on, as of `hemascope.train`; several processes that share a search take one each, as cuda:1.
        progress: told of every trial.

    Raises:
        HemascopeError: a source, recipe, folder, device or database that cannot be used; nothing is written then.
    """
    folder, chosen, where = here(output), load_recipe(recipe, set), Where(on, cores_each, gpus_each)
    where.check()
    counts = {"train": train_images, "val": val_images, "test": test_images}
    searched = Hyperparameters(
        chosen,
        epochs=epochs,
        size=size,
        pruner=pruner,
        settings={"source": source_name(source), "images": counts},
        storage=storage,
        name=name or chosen.name,
    )
    check_settings(folder, searched.settings)
    with on_device(device):
        data = Data(*read_parts(source, searched.short, **counts, progress=progress))
        found = search(folder, searched, data, trials=trials, minutes=timeout, where=where, progress=progress)
    found.write(folder)
    return Tune(found, write_search_report(folder, found, source_name(source)))
