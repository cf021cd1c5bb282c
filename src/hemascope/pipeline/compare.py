"""Runs side by side on the same images: `hemascope.compare`."""

from collections.abc import Sequence
from pathlib import Path

from hemascope.data.remote.delivery import here
from hemascope.errors import HemascopeError
from hemascope.evaluate.compare.comparison import Comparison, compare_contenders
from hemascope.evaluate.compare.contender import CLEAN, HIDDEN, TTA, names_of, read_contender
from hemascope.evaluate.predictions import Predictions
from hemascope.files import check_folder
from hemascope.progress import SILENT, Progress
from hemascope.report.compare import TITLES, write_comparison
from hemascope.report.words import headline_split


def compare(
    runs: Sequence[str | Path],
    *,
    output: str | Path | None = None,
    against: str | Path | None = None,
    by: str = "accuracy",
    split: str = "",
    common: bool = False,
    speed: bool = True,
    progress: Progress = SILENT,
) -> Comparison:
    """Set Runs side by side: scores with intervals, cost, and which differences hold.

    A difference is tested by a paired bootstrap over the same images, copies of an image kept together.

    Args:
        runs: folders of Runs, or of what `hemascope.evaluate` left.
        output: folder for compare.html, compare.md, compare.csv.
        against: compare with this one instead of the best.
        by: what to compare: accuracy, balanced_accuracy, f1, hidden or tta.
        split: the split to compare on; test or, without one, val where not given.
        common: where the Runs were scored on other images, use those of all.
        speed: measure the images a second of each model file.
        progress: told how many Runs are read.

    Raises:
        HemascopeError: fewer than two Runs, or no such score.
        RunError: a Run without predictions, or Runs that were not scored on the same images.
    """
    if by not in (*TITLES, HIDDEN, TTA):
        raise HemascopeError(f"--by {by}: no such score", f"Choose from: {', '.join((*TITLES, HIDDEN, TTA))}.")
    asked = [Path(run) for run in (*runs, *([] if against is None else [against]))]
    folders = list({folder.resolve(): folder for folder in asked}.values())
    if len(folders) < 2:
        raise HemascopeError("there is nothing to compare: one Run is named", "Name two or more.")
    if output is not None:
        check_folder(here(output))

    def choose(predictions: Predictions) -> str:
        return split or headline_split({"splits": predictions.splits}) or ""

    names = names_of(folders)
    contenders = []
    progress.step("reading Runs", len(folders))
    for number, (folder, name) in enumerate(zip(folders, names, strict=True), 1):
        contenders.append(read_contender(folder, name, choose, speed=speed))
        progress.done(number)
    named = dict(zip((folder.resolve() for folder in folders), names, strict=True))
    reference = None if against is None else named[Path(against).resolve()]
    score = (by, "accuracy") if by in (HIDDEN, TTA) else (CLEAN, by)
    found = compare_contenders(contenders, against=reference, by=score, common=common)
    if output is not None:
        write_comparison(here(output), found)
    return found
