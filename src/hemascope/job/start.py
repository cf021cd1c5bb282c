"""That a training does not start from a network which knows the images that it scores."""

from collections.abc import Iterator
from pathlib import Path

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.job.parts import mask
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


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
        trained = manifest.ids.isin(theirs.ids[mask(theirs, "train")]).to_numpy()
        known = manifest.ids.isin(theirs.ids[mask(theirs, "val")]).to_numpy() | trained
        seen = known if recipe.folds else (mask(manifest, "val") & trained) | (mask(manifest, "test") & known)
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
