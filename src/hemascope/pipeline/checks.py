"""What a training refuses before its long work: a model file that cannot be written, a start that leaks."""

from collections.abc import Iterator
from pathlib import Path

import psutil

from hemascope.data.manifest import Manifest
from hemascope.engine.where import Where
from hemascope.errors import RecipeError, RunError
from hemascope.models.network import Network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

_LARGEST = 2**31  # bytes of one protobuf message, which a model file is
_WRITING = 8  # times the bytes of its weights that writing a model file takes (benchmarks/folds.py)


def check_new(run: Run) -> None:
    """Refuse a folder that holds a training, or what is left of one that never began.

    Raises:
        RunError: it does.
    """
    run.check_free()
    if run.final_weights.exists() or run.last_checkpoint.exists():
        raise RunError(
            f"{run.folder} holds weights of a training that never began; this one would go on with them",
            f"Delete {run.final_weights.parent}, or name another folder with -o.",
        )


def check_where(where: Where, recipe: Recipe) -> None:
    """Refuse a cluster that cannot be one, or for a training that has no folds.

    Raises:
        EngineError: no place to run.
        RecipeError: it would have but one task.
    """
    where.check()
    if where.on is not None and not (recipe.folds or recipe.split_by == "laboratory"):
        raise RecipeError(
            f"--on trains the folds side by side, and {recipe.name} has none",
            "Set folds=5 or split_by=laboratory, or leave out --on.",
        )


def check_model_size(recipe: Recipe, network: Network) -> None:
    """Refuse folds, or rounds of a boosting, whose networks do not fit into one model file, or into memory to write it.

    Raises:
        RecipeError: more than 2 GiB of weights, or too many for the memory at hand.
    """
    rounds = recipe.boosting.rounds if recipe.boosting and recipe.boosting.over == "networks" else 1
    networks, many = (recipe.folds, "folds") if recipe.folds else (rounds, "boosting.rounds")
    size = 4 * sum(parameter.numel() for parameter in network.parameters()) * networks
    if size > 0.98 * _LARGEST:
        raise RecipeError(
            f"{networks} x {recipe.network} make a model file of {size / 2**30:.1f} GiB; its format ends at 2",
            "Choose a smaller network" + (f" or fewer {many}." if networks > 1 else "."),
        )
    free = psutil.virtual_memory().available
    if networks > 1 and _WRITING * size > free:
        raise RecipeError(
            f"the model file of {networks} x {recipe.network} takes {_WRITING * size / 2**30:.1f} GiB of memory to "
            f"write; {free / 2**30:.1f} GiB are free",
            f"Choose a smaller network or fewer {many}, or free memory.",
        )


def check_start(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse a start from a network that was trained on images which this training scores.

    The Run that it starts from, and those that this one started from in turn, as far as they are still there, must not
    have trained on an image of val or test, nor have chosen their epoch by one of test. With ``folds`` every image is
    scored, before and after the division.

    Args:
        recipe: what it starts from, and whether it has folds.
        manifest: with splits, but for ``folds``.

    Raises:
        RunError: such images.
    """
    for run in _ancestors(recipe.start):
        theirs = run.manifest()
        trained = manifest.ids.isin(theirs.ids[theirs.part("train")]).to_numpy()
        known = manifest.ids.isin(theirs.ids[theirs.part("val")]).to_numpy() | trained
        seen = known if recipe.folds else (manifest.part("val") & trained) | (manifest.part("test") & known)
        if seen.any():
            raise RunError(
                f"start: {run.folder} was trained on {int(seen.sum()):,} of the images that this training would be "
                f"scored by, such as {manifest.ids[seen].iloc[0]}",
                "Start from a Run of other images, or leave out start."
                if recipe.folds
                else f"Divide the images as it did: name {run.manifest_file} as the source; or leave out start.",
            )


def _ancestors(start: str | None) -> Iterator[Run]:
    passed: set[Path] = set()
    while start is not None and (folder := Path(start).resolve()) not in passed and (folder / "run.json").is_file():
        passed.add(folder)
        yield (run := Run.open(Path(start)))
        start = run.recipe().start
