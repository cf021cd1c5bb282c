"""The shift suite in the report: a chart of all corruptions, its table, and what it says in words."""

import math
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.evaluate.shift.registry import CORRUPTIONS, RANDOM
from hemascope.evaluate.shift.result import MEDMNIST_C_MEAN, ShiftResult
from hemascope.report import svg
from hemascope.shown import percent


class ShiftScores(NamedTuple):
    """Balanced accuracy by corruption, the most harmful first.

    Attributes:
        names: the c corruptions.
        titles: their names for readers, c.
        severities: the s that were measured.
        values: (c, s).
        mean: over the severities, (c,).
        clean: on the images as they are.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    severities: tuple[int, ...]
    values: np.ndarray
    mean: np.ndarray
    clean: float


def shift_scores(result: ShiftResult) -> ShiftScores:
    """The numbers of the chart and of the table."""
    values = result.corrupted.pivot(index="corruption", columns="severity", values="balanced_accuracy")
    values = values.loc[values.mean(axis=1).sort_values(kind="stable").index]
    names = tuple(values.index)
    return ShiftScores(
        names,
        tuple(CORRUPTIONS[name].title for name in names),
        result.severities,
        values.to_numpy(float),
        values.mean(axis=1).to_numpy(float),
        float(result.clean["balanced_accuracy"]),
    )


@svg.styled
def draw_shift(scores: ShiftScores) -> Markup:
    """A row a corruption, a dot a severity, the darker the more severe; a dashed line for the clean images."""
    n = len(scores.names)
    figure, (axes,) = svg.canvas(6.4, 0.75 + 0.25 * n)
    rows = np.arange(n)
    axes.hlines(rows, scores.values.min(axis=1), scores.values.max(axis=1), color=svg.GRID, lw=2.2)
    for severity, column in zip(scores.severities, scores.values.T, strict=True):
        label = f"severity {severity}"
        axes.scatter(column, rows, color=svg.ACCENT, alpha=0.1 + 0.18 * severity, s=26, lw=0, zorder=3, label=label)
    axes.axvline(scores.clean, color=svg.SECOND, ls="--", lw=1.2, label="clean images")
    lowest = float(min(scores.values.min(), scores.clean))
    start = max(0.0, min(0.9, np.floor(lowest * 20) / 20))
    axes.set(ylim=(n - 0.4, -0.6), xlim=(start, 1 + 0.02 * (1 - start)), xlabel="balanced accuracy")
    axes.set_yticks(rows, scores.titles)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%" if value <= 1 else "")
    figure.legend(loc="outside upper right", ncols=3)
    words = ", ".join(f"{title} {mean:.3f}" for title, mean in zip(scores.titles, scores.mean, strict=True))
    return svg.inline(
        figure, "shift", f"Balanced accuracy, {scores.clean:.3f} on clean images, mean of the severities: {words}."
    )


def shift_words(result: ShiftResult) -> list[str]:
    """What the suite found, in a few sentences."""
    scores = shift_scores(result)
    said = []
    lost = [i for i in range(len(scores.names)) if scores.clean - scores.mean[i] > 0.005]
    if lost:
        most = [f"{scores.titles[i]} ({percent(scores.mean[i])})" for i in lost[:3]]
        said.append(
            f"Balanced accuracy is {percent(scores.clean)} on the clean images. It loses most under {_listed(most)}, "
            "as a mean over the severities."
        )
    else:
        said.append(
            f"Balanced accuracy is {percent(scores.clean)} on the clean images, and no corruption takes more than "
            "half a percentage point from it, as a mean over the severities."
        )
    worst = result.worst
    if worst["balanced_accuracy"] < scores.clean:
        said.append(
            f"The worst case is {CORRUPTIONS[worst['corruption']].title}, severity {worst['severity']}: "
            f"{percent(worst['balanced_accuracy'])}."
        )
    if result.medmnist_c is not None:
        said.append(f"MedMNIST-C's mean balanced error is {result.medmnist_c:.4f}{_error_interval(result)}.")
    if RANDOM.name in result.spread:
        mixed = result.spread[RANDOM.name]["accuracy"]
        said.append(
            f"Under one to three random corruptions at once, accuracy is {percent(mixed.value)}"
            + ("." if math.isnan(mixed.low) else f" ({percent(mixed.low)} to {percent(mixed.high)}).")
        )
    return said


def shift_part(result: ShiftResult | None) -> dict[str, Any] | None:
    """What the page shows of the suite; None where it was not run."""
    if result is None:
        return None
    scores = shift_scores(result)
    return {
        "result": result,
        "words": shift_words(result),
        "figure": draw_shift(scores),
        "severities": scores.severities,
        "rows": [
            {"title": title, "family": CORRUPTIONS[name].family, "values": values.tolist(), "mean": float(mean)}
            for name, title, values, mean in zip(scores.names, scores.titles, scores.values, scores.mean, strict=True)
        ],
    }


def _error_interval(result: ShiftResult) -> str:
    spread = result.spread.get(MEDMNIST_C_MEAN)
    if spread is None:
        return ""
    right = spread["balanced_accuracy"]
    return "" if math.isnan(right.low) else f" ({1 - right.high:.4f} to {1 - right.low:.4f})"


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
