"""How a training divides its images: copies on one side, parts by the recipe, and what a fold validates on."""

import numpy as np

from hemascope.audit.duplicates.pair import joined
from hemascope.audit.duplicates.search import IDENTICAL, near_duplicates
from hemascope.data.laboratories import laboratory_folds
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import Pixels
from hemascope.data.splits import check_folds, fold_manifest, fold_numbers, into_train, split
from hemascope.errors import RecipeError, RunError
from hemascope.progress import Progress
from hemascope.train.recipe import Recipe


def with_copies_together(pixels: Pixels, progress: Progress) -> Manifest:
    """The Manifest with near duplicates in one ``group``; takes a second for 1,000 images."""
    manifest = pixels.manifest
    pairs = near_duplicates(pixels.images, manifest.usable.to_numpy(), progress=progress)
    group = joined(manifest.table["group"].to_numpy(np.int64), pairs)
    near = group[[pair.first for pair in pairs if pair.relation != IDENTICAL]]
    if len(near):
        progress.say(
            f"near duplicates: {int(np.isin(group, near).sum()):,} images in {len(np.unique(near)):,} groups, kept on "
            "one side of every split"
        )
    return manifest.with_columns(group=group)


def divided(manifest: Manifest, recipe: Recipe) -> Manifest:
    """Fill the column ``split`` by the recipe: its fractions, without a test part for ``no_test``.

    For ``folds`` there are train, which is to be divided further, and test; a source's own val is part of train. For
    laboratories that are held out one by one all is train.

    Raises:
        SourceError: images that cannot be divided so.
        RunError: too few images for validation images in every fold.
        RecipeError: test-time augmentation of folds without a test part to measure it on.
    """
    train, val, test = recipe.fractions
    if recipe.split_by == "laboratory":
        return split(into_train(into_train(manifest, "val"), "test"), (1.0, 0.0, 0.0), seed=recipe.seed)
    if recipe.no_test:
        return split(into_train(manifest, "test"), (train + test, val, 0.0), seed=recipe.seed)
    if not recipe.folds:
        return split(manifest, recipe.fractions, seed=recipe.seed)
    manifest = split(into_train(manifest, "val"), (train + val, 0.0, test), seed=recipe.seed)
    check_folds(manifest, recipe.folds, grouped=True)
    _check_fold_val(manifest, recipe, recipe.folds)
    if recipe.tta and not manifest.part("test").any():
        raise RecipeError(
            "tta with folds is measured on the test part, and there is none",
            "Set tta=false, or fractions with a test part.",
        )
    return manifest


def by_laboratory(manifest: Manifest, recipe: Recipe, progress: Progress) -> Recipe:
    """The recipe with a fold for every laboratory that can be held out, where it is to be split by them.

    Raises:
        SourceError: images without a laboratory, or too few laboratories.
        RecipeError: it asks for another number of folds.
    """
    if recipe.split_by != "laboratory":
        return recipe
    found = laboratory_folds(manifest)
    if recipe.folds not in (None, len(found.held_out)):
        raise RecipeError(
            f"split_by=laboratory makes {len(found.held_out)} folds of this source, folds asks for {recipe.folds}",
            "Leave folds out.",
        )
    if found.always:
        progress.say(f"in every training, since no other laboratory has all its classes: {', '.join(found.always)}")
    if found.shared:
        progress.say(f"left out: {found.shared:,} images, copies of which lie in two laboratories")
    return recipe.model_copy(update={"folds": len(found.held_out)})


def _check_fold_val(manifest: Manifest, recipe: Recipe, folds: int) -> None:
    share = val_share(recipe)
    if not share:
        return
    numbers = fold_numbers(manifest, folds, seed=recipe.seed)
    for number in range(1, folds + 1):
        if not fold_manifest(manifest, numbers, number, share, seed=recipe.seed).part("val").any():
            raise RunError(
                f"{manifest.name or 'the source'} has too few images for {folds} folds with validation images of their "
                f"own: fold {number} would have none",
                "Give more images, a larger val in fractions, or early_stopping.keep=last and "
                "early_stopping.patience=null, which need none.",
            )


def val_share(recipe: Recipe) -> float:
    """The share of a fold's images that its training validates on.

    The held-out images give the reported score, so they must not choose the epoch: where a recipe lets validation
    decide anything, it gets images of its own, in the proportion of ``fractions``. Where it decides nothing, all
    images that are not held out are trained on, and 0 is returned.
    """
    stopping = recipe.early_stopping
    decides = stopping.keep == "best" or stopping.patience is not None or recipe.schedule.name == "plateau"
    train, val, _ = recipe.fractions
    return val / (train + val) if decides else 0.0
