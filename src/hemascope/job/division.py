"""The parts that a recipe asks for, and what is refused before anything is trained on them."""

from pathlib import Path

import psutil

from hemascope.data.folds import check_folds
from hemascope.data.manifest import Manifest
from hemascope.data.splits import into_train, split
from hemascope.errors import RecipeError, RunError
from hemascope.job.parts import mask
from hemascope.models.network import Network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

_LARGEST = 2**31  # bytes of one protobuf message, which a model file is
_WRITING = 8  # times the bytes of its weights that writing a model file takes (benchmarks/folds.py)


def divided(manifest: Manifest, recipe: Recipe) -> Manifest:
    """Fill the column ``split`` by the recipe: its fractions, without a test part for ``no_test``.

    For ``folds`` there are train, which is to be divided further, and test; a source's own val is part of train.

    Raises:
        SourceError: images that cannot be divided so.
        RecipeError: test-time augmentation of folds without a test part to measure it on.
    """
    train, val, test = recipe.fractions
    if recipe.no_test:
        return split(into_train(manifest, "test"), (train + test, val, 0.0), seed=recipe.seed)
    if not recipe.folds:
        return split(manifest, recipe.fractions, seed=recipe.seed)
    manifest = split(into_train(manifest, "val"), (train + val, 0.0, test), seed=recipe.seed)
    check_folds(manifest, recipe.folds, grouped=True)
    if recipe.tta and not mask(manifest, "test").any():
        raise RecipeError(
            "tta with folds is measured on the test part, and there is none",
            "Set tta=false, or fractions with a test part.",
        )
    return manifest


def check_model_size(recipe: Recipe, network: Network) -> None:
    """Refuse folds whose networks do not fit into one model file, or into memory when it is written.

    Raises:
        RecipeError: more than 2 GiB of weights, or too many for the memory at hand.
    """
    size = 4 * sum(parameter.numel() for parameter in network.parameters()) * (recipe.folds or 1)
    if size > 0.98 * _LARGEST:
        raise RecipeError(
            f"{recipe.folds or 1} x {recipe.network} make a model file of {size / 2**30:.1f} GiB; its format ends at 2",
            "Choose a smaller network" + (" or fewer folds." if recipe.folds else "."),
        )
    free = psutil.virtual_memory().available
    if recipe.folds and _WRITING * size > free:
        raise RecipeError(
            f"the model file of {recipe.folds} x {recipe.network} takes {_WRITING * size / 2**30:.1f} GiB of memory to "
            f"write; {free / 2**30:.1f} GiB are free",
            "Choose a smaller network or fewer folds, or free memory.",
        )


def check_start(recipe: Recipe, manifest: Manifest) -> None:
    """Refuse folds that start from a network which was trained on images that they score.

    Raises:
        RunError: the two data sets share images.
    """
    if recipe.start is None or not recipe.folds:
        return
    theirs = Run.open(Path(recipe.start)).manifest()
    shared = theirs.ids[mask(theirs, "train") | mask(theirs, "val")].isin(manifest.ids)
    if shared.any():
        raise RunError(
            f"start: {recipe.start} was trained on {int(shared.sum()):,} of these images, which the folds score",
            "Start from a Run of other images, or leave out start.",
        )
