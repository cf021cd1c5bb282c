"""An evaluation on the terminal: its tables and sentences, for 80 columns."""

from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from hemascope.cells import title
from hemascope.evaluate.forecast.forecast import Forecast
from hemascope.evaluate.pseudo.result import OPERATION, PseudoResult
from hemascope.evaluate.shift.result import ShiftResult
from hemascope.evaluate.tta import TtaResult
from hemascope.pipeline.evaluate import Evaluation
from hemascope.report.forecast import UNCORRECTED, forecast_rows, forecast_words
from hemascope.report.pseudo import pseudo_words
from hemascope.report.shift import shift_scores, shift_words
from hemascope.report.tta import TITLES, tta_words
from hemascope.report.words import LABORATORY_COLUMNS, laboratory_rows
from hemascope.shown import SCORE_TITLES, interval, percent, points

_COSTLY = 8


def evaluation_lines(found: Evaluation) -> list[RenderableType]:
    """The scores of every split, then what else was measured."""
    lines: list[RenderableType] = []
    for name, measured in found.metrics["splits"].items():
        parts = laboratory_table if found.by == "laboratory" else class_table
        lines += [score_table(name, measured), parts(measured)]
    lines += [Text(found.unlike.message)] if found.unlike else []
    lines += map(Text, found.not_scored.words())
    if found.tta:
        lines += tta_lines(found.tta)
    if found.shift:
        lines += shift_lines(found.shift)
    if found.forecast:
        lines += forecast_lines(found.forecast)
    if found.pseudo:
        lines += pseudo_lines(found.pseudo)
    return lines


def score_table(split: str, measured: dict[str, Any]) -> Table:
    """The scores over all images of a split of metrics.json, for an 80 column terminal."""
    table = Table("Score", title=f"{escape(split)}: {measured['images']:,} images", title_justify="left")
    table.add_column("Value", justify="right")
    table.add_column("95% interval", justify="right")
    for name, label in SCORE_TITLES.items():
        score = measured["scores"][name]
        macro = "" if "accuracy" in name else ", macro"
        table.add_row(label + macro, percent(score["value"]), interval(score))
    return table


def class_table(measured: dict[str, Any]) -> Table:
    """The scores by class of a split of metrics.json, for an 80 column terminal."""
    table = Table("Class")
    for heading in ("Images", "Precision", "Recall", "95% interval", "F1", "AUC"):
        table.add_column(heading, justify="right")
    for name, part in measured["classes"].items():
        values = {key: percent(part[key]["value"]) for key in ("precision", "recall", "f1", "auc")}
        table.add_row(
            escape(title(name)),
            f"{part['support']:,}",
            values["precision"],
            values["recall"],
            interval(part["recall"]),
            values["f1"],
            values["auc"],
        )
    return table


def laboratory_table(measured: dict[str, Any]) -> Table:
    """The scores by laboratory of a split of metrics.json, for an 80 column terminal."""
    first, *others = LABORATORY_COLUMNS
    table = Table(first)
    for heading in others:
        table.add_column(heading, justify="right")
    for row in laboratory_rows(measured):
        table.add_row(*map(escape, row))
    return table


def tta_lines(result: TtaResult) -> list[RenderableType]:
    """Table and sentences for an 80 column terminal."""
    where = f"{result.split}: " if result.split else ""
    title = f"{where}test-time augmentation, {result.steps} views, {result.images:,} images"
    table = Table("Score", "Plain", "Averaged", "Gain in points, 95% interval", title=title, title_justify="left")
    for name, label in TITLES.items():
        plain, averaged = result.plain[name].value, result.averaged[name].value
        table.add_row(label, percent(plain), percent(averaged), points(result.gain[name]))
    return [table, " ".join(tta_words(result))]


def shift_lines(result: ShiftResult) -> list[RenderableType]:
    """Table and sentences for an 80 column terminal."""
    scores = shift_scores(result)
    where = f"{result.split}: " if result.split else ""
    heading = f"{where}balanced accuracy by severity, {result.images:,} images at {result.side} px"
    table = Table("Corruption")
    for column in (*map(str, scores.severities), "Mean"):
        table.add_column(column, justify="right")
    for name, values, mean in zip(scores.titles, scores.values, scores.mean, strict=True):
        table.add_row(name, *map(percent, values), percent(mean))
    return [
        Text(heading, style="italic"),
        table,
        *shift_words(result),
        f"{result.images_a_second:,.0f} corrupted images a second.",
    ]


def forecast_lines(forecast: Forecast) -> list[RenderableType]:
    """Table and sentences for an 80 column terminal."""
    table = Table("Images", "Predicted from")
    table.add_column("Accuracy", justify="right")
    table.add_column(f"{forecast.level:.0%} interval", justify="right")
    for row in forecast_rows(forecast):
        table.add_row(Text(row.title), Text(row.basis), percent(row.score["value"]), interval(row.score))
    estimator, plain = forecast.estimator, forecast.unlabelled["uncorrected"]
    by_themselves = "; ".join(f"{title} {percent(plain[key])}" for key, title in UNCORRECTED.items())
    return [
        Text("Predicted accuracy", style="italic"),
        table,
        *map(Text, forecast_words(forecast)),
        Text(f"For the folder, uncorrected: {by_themselves}."),
        Text(
            f"Check: {len(estimator['settings'])} known corruptions, each predicted without its family, "
            f"were off by {percent(estimator['mean_absolute_error'])} on average."
        ),
    ]


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
