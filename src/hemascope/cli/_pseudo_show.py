"""Pseudo-validation on the terminal: its progress and its tables."""

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from hemascope.data.manifest import Manifest
from hemascope.evaluate.pseudo.result import OPERATION, PseudoResult
from hemascope.evaluate.pseudo.transforms import Transform
from hemascope.evaluate.pseudo.validate import labelled_pixels, pseudo_validate
from hemascope.evaluate.score_model import Model
from hemascope.report.pseudo import pseudo_words
from hemascope.report.words import interval, percent

_COSTLY = 8


def run_pseudo(
    model: Model,
    source: Manifest,
    transforms: tuple[Transform, ...],
    *,
    copies: int,
    images: int | None,
    side: int,
    seed: int,
    split: str,
) -> PseudoResult:
    """Read the images and run pseudo-validation under bars with the time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        reading, judging = bar.add_task("reading", total=None), bar.add_task("pseudo-validation", total=None)
        pixels, targets = labelled_pixels(
            source,
            model.classes,
            side=side,
            images=images,
            seed=seed,
            progress=lambda done, total: bar.update(reading, completed=done, total=total),
        )
        return pseudo_validate(
            model,
            pixels,
            targets,
            transforms,
            copies=copies,
            seed=seed,
            split=split,
            progress=lambda done, total: bar.update(judging, completed=done, total=total),
        )


def pseudo_lines(result: PseudoResult) -> list[RenderableType]:
    """Tables and sentences for an 80 column terminal."""
    where = f"{result.split}: " if result.split else ""
    scores = Table("Pseudo-validation", "Accuracy", "95% interval", "Balanced")
    for _, row in result.table[result.table["kind"] != OPERATION].iterrows():
        about = {"low": row["accuracy_low"], "high": row["accuracy_high"]}
        scores.add_row(row["title"], percent(row["accuracy"]), interval(about), percent(row["balanced_accuracy"]))
    lines: list[RenderableType] = [
        Text(f"{where}{result.images:,} images at {result.side} px, {result.copies} copies of each", style="italic"),
        scores,
    ]
    alone = result.of(OPERATION).head(_COSTLY)
    if len(alone):
        costly = Table("Costs most, alone", "Points lost", "95% interval")
        for _, row in alone.iterrows():
            costly.add_row(
                row["title"], f"{100 * row['drop']:.1f}", f"{100 * row['drop_low']:.1f} to {100 * row['drop_high']:.1f}"
            )
        lines.append(costly)
    return [*lines, *pseudo_words(result)]
