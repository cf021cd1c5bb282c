"""The small Runs of a K-fold training, one a fold."""

from hemascope.data.manifest import Manifest
from hemascope.data.splits import fold_manifest, fold_numbers
from hemascope.errors import RunError
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


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


def open_folds(run: Run, recipe: Recipe, manifest: Manifest) -> list[Run]:
    """The Runs of all folds, in ``folds/1`` and so on: begun where they are not there, else as they stand.

    Args:
        run: of the whole.
        recipe: with ``folds`` and a resolved ``batch_size``.
        manifest: of the whole; its split train is divided.

    Returns:
        One Run a fold. Its Manifest has the rows of the whole one: those of the other folds are train and val, those
        held out test, or val where validation decides nothing.

    Raises:
        RunError: a folder holds a fold of another recipe or division.
        SourceError: more folds than the rarest class can fill.
    """
    assert recipe.folds is not None
    numbers = fold_numbers(manifest, recipe.folds, seed=recipe.seed)
    own = recipe.model_copy(update={"folds": None})
    found = []
    for number in range(1, recipe.folds + 1):
        divided = fold_manifest(manifest, numbers, number, val_share(recipe), seed=recipe.seed)
        folder = run.folder / "folds" / str(number)
        if not (folder / "run.json").exists():
            found.append(Run.create(folder, own, divided, {"fold": number, "folds": recipe.folds}))
            continue
        fold = Run.open(folder)
        if fold.recipe() != own or not fold.manifest().table["split"].equals(divided.table["split"]):
            raise RunError(
                f"{folder}: was begun with another recipe or another division of the images",
                f"Give {run.folder / 'recipe.yaml'} the values it had, or begin a new training with -o.",
            )
        found.append(fold)
    return found
