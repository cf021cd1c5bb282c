"""Test-time augmentation on the terminal: its progress and its table."""

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hemascope.data.manifest import Manifest
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.score_model import Model, score_model
from hemascope.evaluate.tta import Timed, TtaResult, compare_tta
from hemascope.report.tta import TITLES, points, tta_words
from hemascope.report.words import percent


def run_tta(
    model: Model, source: Manifest, averaged: Predictions, *, steps: int, averaged_ms: float, split: str
) -> TtaResult:
    """Score a model without test-time augmentation, under a bar with the time left, and compare.

    Args:
        model: the plain one.
        source: the images.
        averaged: what it said of the same images behind test-time augmentation.
        steps: number of views.
        averaged_ms: milliseconds an image that this took.
        split: what the result calls the images.
    """
    timed = Timed(model)
    columns = (TextColumn("without test-time augmentation"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(averaged))
        plain, _ = score_model(timed, source, progress=lambda done: bar.update(task, completed=done))
    return compare_tta(
        plain.targets,
        plain.predicted,
        averaged.predicted,
        steps=steps,
        plain_ms=timed.milliseconds,
        averaged_ms=averaged_ms,
        split=split,
        applied=True,
    )


def tta_lines(result: TtaResult) -> list[RenderableType]:
    """Table and sentences for an 80 column terminal."""
    where = f"{result.split}: " if result.split else ""
    title = f"{where}test-time augmentation, {result.steps} views, {result.images:,} images"
    table = Table("Score", "Plain", "Averaged", "Gain in points, 95% interval", title=title, title_justify="left")
    for name, label in TITLES.items():
        plain, averaged = result.plain[name].value, result.averaged[name].value
        table.add_row(label, percent(plain), percent(averaged), points(result.gain[name]))
    return [table, " ".join(tta_words(result))]
