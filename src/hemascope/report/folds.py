"""K-fold in words and numbers: each fold's score, their mean and spread; and what no_test leaves out."""

from typing import Any

from hemascope.report.run_files import RunFiles
from hemascope.shown import SCORE_TITLES, bare_percent, percent

NO_TEST = (
    "No test part was kept (no_test): its images were trained on, as for a submission. How good this network is on new "
    "images is told by a training of the same recipe with a test part."
)


def folds_part(metrics: dict[str, Any]) -> dict[str, Any] | None:
    """What the page shows of the folds; None where there are none.

    >>> found = folds_part({"folds": {"images": [9, 9], "scores": {"accuracy": {
    ...     "values": [0.9, 0.92], "mean": 0.91, "std": 0.01414}}}})
    >>> found["words"]
    'Over the 2 folds accuracy is 91.0% ± 1.4 (mean and standard deviation), from 90.0% to 92.0%.'
    """
    folds = metrics.get("folds")
    if folds is None:
        return None
    accuracy = folds["scores"]["accuracy"]
    words = (
        f"Over the {len(folds['images'])} folds accuracy is {spread(accuracy)} (mean and standard deviation), from "
        f"{percent(min(accuracy['values']))} to {percent(max(accuracy['values']))}."
    )
    scores = {name: folds["scores"][name] for name in SCORE_TITLES if name in folds["scores"]}
    return {
        "words": words,
        "titles": [SCORE_TITLES[name] for name in scores],
        "rows": [
            (number, images, [percent(score["values"][number - 1]) for score in scores.values()])
            for number, images in enumerate(folds["images"], start=1)
        ],
        "spread": [spread(score) for score in scores.values()],
    }


def spread(score: dict[str, Any]) -> str:
    """Mean and standard deviation of a score over the folds, in percent; the mean alone of what has no spread.

    >>> spread({"values": [0.9, 0.92], "mean": 0.91, "std": 0.01414})
    '91.0% ± 1.4'
    """
    mean, std = score["mean"], score["std"]
    return percent(mean) if mean is None or std is None else f"{percent(mean)} ± {_points(std)}"


def protocol_notes(run: RunFiles) -> list[str]:
    """What a reader must know of how the images were divided."""
    recipe = run.typed_recipe()
    return [NO_TEST] if recipe and recipe.no_test else []


def _points(share: float) -> str:
    return bare_percent(share) if share < 0.0005 else f"{100 * share:.1f}"
