"""Which Runs may be joined in one model without scoring it on what it was trained on."""

from collections.abc import Sequence

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.job.parts import mask
from hemascope.train.run import Run


def check_joinable(runs: Sequence[Run]) -> None:
    """Refuse Runs that make no ensemble, or one that could not be scored.

    An image that trained one member must not score the ensemble: all Runs must have the same validation images, and
    where one has a test part the same test images, and none of these may have trained any of them.

    Raises:
        RunError: fewer than two, one twice, not finished, of K folds, of other classes or of another division.
    """
    if len(runs) < 2:
        raise RunError(f"{len(runs)} Run is no ensemble", "Name two or more.")
    folders = [run.folder.resolve() for run in runs]
    for run in runs:
        if folders.count(run.folder.resolve()) > 1:
            raise RunError(f"{run.folder} is named twice", "Name each Run once: its vote would count double.")
        if not run.model_file.exists():
            raise RunError(f"{run.folder}: its training is not finished", f"hemascope train --resume {run.folder}")
        if run.recipe().folds:
            raise RunError(
                f"{run.folder} is a training of {run.recipe().folds} folds: every image trained some of its networks",
                "It is an ensemble already; join Runs without folds.",
            )
    first, *others = [(run, run.manifest()) for run in runs]
    for run, manifest in others:
        if manifest.classes != first[1].classes:
            raise RunError(
                f"{run.folder} has the classes {', '.join(manifest.classes)}; {first[0].folder} has "
                f"{', '.join(first[1].classes)}",
                "Join Runs of the same classes in the same order.",
            )
    for name in ("val", "test"):
        for run, manifest in others:
            differ = len(_ids(first[1], name) ^ _ids(manifest, name))
            if differ:
                raise RunError(
                    f"{run.folder} and {first[0].folder} have other {name} images ({differ:,} are in one only), so "
                    "some that trained the one would score the other",
                    f"Train both on one division: name {first[0].manifest_file} as the source.",
                )


def _ids(manifest: Manifest, name: str) -> set[str]:
    return set(manifest.ids[mask(manifest, name)])
