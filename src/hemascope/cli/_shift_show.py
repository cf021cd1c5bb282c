"""The shift suite on the terminal: its options checked, its progress, its table."""

import time
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from hemascope.data.manifest import Manifest
from hemascope.evaluate.score_model import Model
from hemascope.evaluate.shift.corruption import Corruption
from hemascope.evaluate.shift.result import ShiftResult
from hemascope.evaluate.shift.suite import shift_suite
from hemascope.report.shift import shift_scores, shift_words
from hemascope.report.words import percent


def run_shift(
    model: Model, source: Manifest, corruptions: tuple[Corruption, ...], severities: tuple[int, ...], **options: Any
) -> tuple[ShiftResult, float]:
    """Run the suite under a bar with the time left.

    Returns:
        The result, and how many corrupted images a second were made and judged.
    """
    columns = (TextColumn("shift suite"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    begun = time.perf_counter()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        result = shift_suite(
            model,
            source,
            corruptions,
            severities=severities,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            **options,
        )
    return result, result.images * len(result.table) / (time.perf_counter() - begun)


def shift_lines(result: ShiftResult, images_a_second: float) -> list[RenderableType]:
    """Table and sentences for an 80 column terminal."""
    scores = shift_scores(result)
    where = f"{result.split}: " if result.split else ""
    heading = f"{where}balanced accuracy by severity, {result.images:,} images at {result.side} px"
    table = Table("Corruption")
    for column in (*map(str, scores.severities), "Mean"):
        table.add_column(column, justify="right")
    for title, values, mean in zip(scores.titles, scores.values, scores.mean, strict=True):
        table.add_row(title, *map(percent, values), percent(mean))
    return [
        Text(heading, style="italic"),
        table,
        *shift_words(result),
        f"{images_a_second:,.0f} corrupted images a second.",
    ]
