"""The predicted score on the terminal: its progress and its table."""

from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from hemascope.data.manifest import Manifest
from hemascope.evaluate.forecast.estimator import LEVEL
from hemascope.evaluate.forecast.forecast import Forecaster, local
from hemascope.evaluate.forecast.reference import IMAGES, build_reference
from hemascope.evaluate.forecast.views import judge_items
from hemascope.evaluate.predictions import Predictions
from hemascope.predict.classifier import Classifier
from hemascope.predict.items import check, items
from hemascope.report.forecast import UNCORRECTED, forecast_rows, forecast_words
from hemascope.report.words import interval, percent


def check_folder(folder: Path) -> None:
    """Make sure before anything is scored that the folder is there.

    Raises:
        SourceError: it is not.
    """
    check([str(folder)])


def run_forecast(
    classifier: Classifier,
    source: Manifest,
    predictions: Predictions,
    folder: Path,
    *,
    split: str = "",
    images: int | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The keywords of `write_forecast`: the three predictions, made under bars with the time left.

    Args:
        classifier: whose scores are predicted.
        source: labelled images, corrupted to learn from.
        predictions: those of the same images as they are.
        folder: unlabelled images.
        split: the name of the labelled images' split.
        images: how many of them are corrupted.
        options: ``seed`` and ``side`` of `build_reference`.
    """
    found = list(items([str(folder)]))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        first, second = bar.add_task("unlabelled", total=len(found)), bar.add_task("corrupted", total=None)
        judged, unreadable = judge_items(
            classifier, found, progress=lambda done: bar.update(first, completed=done, refresh=True)
        )
        reference = build_reference(
            classifier,
            source,
            images=images or IMAGES,
            progress=lambda done, total: bar.update(second, completed=done, total=total),
            **options,
        )
    forecaster = Forecaster(reference)
    known = predictions.targets >= 0
    right = int((predictions.predicted == predictions.targets)[known].sum())
    name = folder.resolve().name
    return {
        "local": local(right, int(known.sum()), split),
        "transformed": forecaster.transformed(),
        "unlabelled": {"name": name, "unreadable": unreadable, **forecaster.folder(judged, classifier.classes)},
        "estimator": forecaster.about(),
    }


def forecast_lines(content: dict[str, Any]) -> list[RenderableType]:
    """Table and sentences for an 80 column terminal."""
    table = Table("Images", "Predicted from")
    table.add_column("Accuracy", justify="right")
    table.add_column(f"{LEVEL:.0%} interval", justify="right")
    for row in forecast_rows(content):
        table.add_row(Text(row.title), Text(row.basis), percent(row.score["value"]), interval(row.score))
    estimator, plain = content["estimator"], content["unlabelled"]["uncorrected"]
    by_themselves = "; ".join(f"{title} {percent(plain[key])}" for key, title in UNCORRECTED.items())
    return [
        Text("Predicted accuracy", style="italic"),
        table,
        *map(Text, forecast_words(content)),
        Text(f"For the folder, uncorrected: {by_themselves}."),
        Text(
            f"Check: {len(estimator['settings'])} known corruptions, each predicted without its family, "
            f"were off by {percent(estimator['mean_absolute_error'])} on average."
        ),
    ]
