"""The parts that a recipe asks for, and what is refused before anything is trained on them."""

import psutil

from hemascope.data.folds import check_folds, fold_manifest, fold_numbers
from hemascope.data.manifest import Manifest
from hemascope.data.splits import into_train, split
from hemascope.errors import RecipeError, RunError
from hemascope.job.parts import mask
from hemascope.models.network import Network
from hemascope.train.folds import val_share
from hemascope.train.recipe import Recipe

_LARGEST = 2**31  # bytes of one protobuf message, which a model file is
_WRITING = 8  # times the bytes of its weights that writing a model file takes (benchmarks/folds.py)


def divided(manifest: Manifest, recipe: Recipe) -> Manifest:
    """Fill the column ``split`` by the recipe: its fractions, without a test part for ``no_test``.

    For ``folds`` there are train, which is to be divided further, and test; a source's own val is part of train.

    Raises:
        SourceError: images that cannot be divided so.
        RunError: too few images for validation images in every fold.
        RecipeError: test-time augmentation of folds without a test part to measure it on.
    """
    train, val, test = recipe.fractions
    if recipe.no_test:
        return split(into_train(manifest, "test"), (train + test, val, 0.0), seed=recipe.seed)
    if not recipe.folds:
        return split(manifest, recipe.fractions, seed=recipe.seed)
    manifest = split(into_train(manifest, "val"), (train + val, 0.0, test), seed=recipe.seed)
    check_folds(manifest, recipe.folds, grouped=True)
    _check_fold_val(manifest, recipe, recipe.folds)
    if recipe.tta and not mask(manifest, "test").any():
        raise RecipeError(
            "tta with folds is measured on the test part, and there is none",
            "Set tta=false, or fractions with a test part.",
        )
    return manifest


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


def _check_fold_val(manifest: Manifest, recipe: Recipe, folds: int) -> None:
    share = val_share(recipe)
    if not share:
        return
    numbers = fold_numbers(manifest, folds, seed=recipe.seed)
    for number in range(1, folds + 1):
        if not mask(fold_manifest(manifest, numbers, number, share, seed=recipe.seed), "val").any():
            raise RunError(
                f"{manifest.name or 'the source'} has too few images for {folds} folds with validation images of their "
                f"own: fold {number} would have none",
                "Give more images, a larger val in fractions, or early_stopping.keep=last and "
                "early_stopping.patience=null, which need none.",
            )
