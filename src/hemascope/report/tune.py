"""The page of a search for hyperparameters: what was chosen, what it is worth, and how the search went."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from hemascope.evaluate.tune.result import RECIPE_NAME, Tuned, score_text, value_text
from hemascope.report import svg
from hemascope.report.search import mattered, trust, write_search_page
from hemascope.shown import SCORE_TITLES, percent, points
from hemascope.train.search import DEFAULT, Range


class SearchHistory(NamedTuple):
    """Trials in their order; row i of each array is one.

    Attributes:
        numbers: of the trials, int (t,).
        scores: float64 (t,).
        pruned: bool (t,).
        best: the best score so far of those not pruned, float64 (t,); NaN before the first.
        own: score of the recipe's own values.
    """

    numbers: np.ndarray
    scores: np.ndarray
    pruned: np.ndarray
    best: np.ndarray
    own: float


class Slice(NamedTuple):
    """One key against the score.

    Attributes:
        key: dotted.
        values: numbers, or places among ``labels``, float64 (t,).
        labels: of choices; None of a range.
        log: whether the axis is logarithmic.
        scores: float64 (t,).
        pruned: bool (t,).
        own: bool (t,), the recipe's own values.
        chosen: bool (t,).
    """

    key: str
    values: np.ndarray
    labels: tuple[str, ...] | None
    log: bool
    scores: np.ndarray
    pruned: np.ndarray
    own: np.ndarray
    chosen: np.ndarray


def history(found: Tuned) -> SearchHistory:
    """The numbers of the history."""
    scores = np.array([trial.value for trial in found.trials])
    pruned = np.array([trial.pruned for trial in found.trials])
    worst = np.inf if found.lower_is_better else -np.inf
    running = (np.minimum if found.lower_is_better else np.maximum).accumulate(np.where(pruned, worst, scores))
    numbers = np.array([trial.number for trial in found.trials])
    return SearchHistory(numbers, scores, pruned, np.where(np.isfinite(running), running, np.nan), found.own.value)


def slices(found: Tuned) -> list[Slice]:
    """The numbers of each key's figure, in the recipe's order; values that a log axis lacks are left out."""
    parts = found.recipe.search or DEFAULT
    return [_slice(found, key, parts[key]) for key in found.chosen.values]


def _slice(found: Tuned, key: str, part: object) -> Slice:
    log = isinstance(part, Range) and part.log
    values = [trial.values[key] for trial in found.trials]
    if isinstance(part, Range):
        labels = None
        places = np.array([np.nan if value is None else float(value) for value in values])
    else:
        assert isinstance(part, tuple)
        labels = tuple(map(str, dict.fromkeys([*part, *values])))
        places = np.array([labels.index(str(value)) for value in values], np.float64)
    shown = np.isfinite(places) & (places > 0 if log else True)
    rows = [trial for trial, kept in zip(found.trials, shown, strict=True) if kept]
    return Slice(
        key,
        places[shown],
        labels,
        log,
        np.array([trial.value for trial in rows]),
        np.array([trial.pruned for trial in rows], bool),
        np.array([trial.own for trial in rows], bool),
        np.array([trial.number == found.chosen.number for trial in rows], bool),
    )


@svg.styled
def draw_history(measured: SearchHistory, monitor: str) -> Markup:
    """A mark a trial, the best so far, and the recipe's own as a line across."""
    figure, (axes,) = svg.canvas(4.6, 3.2)
    scale = _scaled(axes, monitor)
    done = ~measured.pruned
    axes.plot(measured.numbers, scale * measured.best, color=svg.ACCENT, drawstyle="steps-post", label="best so far")
    axes.scatter(measured.numbers[done], scale * measured.scores[done], s=20, color=svg.ACCENT, zorder=3, label="trial")
    if measured.pruned.any():
        axes.scatter(
            measured.numbers[~done], scale * measured.scores[~done], s=20, color=svg.SECOND, marker="x", label="pruned"
        )
    axes.axhline(scale * measured.own, color=svg.WRONG, lw=0.9, ls=(0, (2, 2)), label="recipe's own")
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside upper right", ncols=4, columnspacing=1.0, handletextpad=0.5)
    best = measured.best[-1]
    about = f"{len(measured.scores)} trials, {int(measured.pruned.sum())} pruned. Best {monitor} {best:.4f}."
    return svg.inline(figure, "search-history", about)


@svg.styled
def draw_curves(found: Tuned) -> Markup:
    """Score by epoch, a line a trial."""
    figure, (axes,) = svg.canvas(4.6, 3.2)
    scale = _scaled(axes, found.monitor)
    for trial in found.trials:
        epochs = np.arange(1, len(trial.curve) + 1)
        special = trial.own or trial.number == found.chosen.number
        colour = svg.ACCENT if trial.number == found.chosen.number else svg.WRONG if trial.own else svg.SECOND
        name = "chosen" if trial.number == found.chosen.number else "recipe's own" if trial.own else None
        curve = scale * np.array(trial.curve)
        axes.plot(epochs, curve, color=colour, lw=1.8 if special else 0.8, zorder=3 if special else 2, label=name)
        if trial.pruned or len(curve) == 1:
            axes.plot(epochs[-1:], curve[-1:], color=colour, marker="x" if trial.pruned else "o", ms=4)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside upper right", ncols=2)
    return svg.inline(figure, "curves", f"{found.monitor} by epoch of {len(found.trials)} trials.")


@svg.styled
def draw_slice(measured: Slice, monitor: str, place: int) -> Markup:
    """A mark a trial: its score against its value of one key."""
    figure, (axes,) = svg.canvas(3.3, 2.5)
    scale = _scaled(axes, monitor)
    done = ~measured.pruned
    for which, colour, marker in ((done, svg.ACCENT, "o"), (measured.pruned, svg.SECOND, "x")):
        x, y = measured.values[which], scale * measured.scores[which]
        axes.scatter(x, y, s=20, color=colour, marker=marker, zorder=3)
    for which, colour in ((measured.own, svg.WRONG), (measured.chosen, svg.INK)):
        x, y = measured.values[which], scale * measured.scores[which]
        axes.scatter(x, y, s=80, facecolor="none", edgecolor=colour, lw=1.4, zorder=4)
    if measured.labels is not None:
        axes.set_xticks(range(len(measured.labels)), measured.labels)
        axes.set_xlim(-0.5, len(measured.labels) - 0.5)
    elif measured.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(y=0.12)
    axes.set_xlabel(measured.key)
    return svg.inline(figure, f"slice-{place}", f"{monitor} against {measured.key} of {len(measured.values)} trials.")


def _scaled(axes: Axes, monitor: str) -> float:
    share = monitor != "val_loss"
    axes.set_ylabel(f"{monitor.removeprefix('val_')} on val{', %' if share else ''}")
    return 100.0 if share else 1.0


def search_words(found: Tuned) -> list[str]:
    """The choice, what it is worth and how far that can be trusted, in a few sentences."""
    pruned = sum(trial.pruned for trial in found.trials)
    setting = (
        f"Each trial trained {found.epochs} epochs on {found.images['train']:,} images at {found.size} px"
        + (f"; {pruned} of {found.tried} were ended early" if pruned else "")
        + ". A longer training, or larger images, may want other values: compare before you rely on these."
    )
    chosen, own = (score_text(trial.value, found.monitor) for trial in (found.chosen, found.own))
    if found.chosen.own:
        return [
            f"The recipe's own values stay: of the others tried ({found.tried}) none scores better on val ({own}).",
            setting,
        ]
    title = SCORE_TITLES[found.score_name].lower()
    said = []
    if "test" in found.measured:
        fresh = found.measured["test"]
        gain = fresh.gain[found.score_name]
        said += [
            f"Trial {found.chosen.number}, the best of {found.tried}, gains {points(gain)} percentage points of "
            f"{title} on images kept apart: {trust(gain)}",
            f"On those {fresh.images:,} images, which had no say, its {title} is "
            f"{percent(fresh.chosen[found.score_name].value)}, with the recipe's own values "
            f"{percent(fresh.own[found.score_name].value)}.",
        ]
    said.append(
        f"On val, which chose it, trial {found.chosen.number} has a {found.monitor} of {chosen} instead of {own}. The "
        "best of several is flattered by chance, so do not quote that number."
    )
    return [*said, setting, *([mattered(found.importance)] if found.importance else [])]


def compared(found: Tuned) -> list[dict[str, Any]]:
    """The rows of the table of the recipe's own values and the winner."""
    titles = {"val": "Val, which chose it", "test": "Images kept apart"}
    return [
        {
            "title": f"{titles[part]}: {SCORE_TITLES[name].lower()}",
            "own": measured.own[name]._asdict(),
            "chosen": measured.chosen[name]._asdict(),
            "gain": points(measured.gain[name]),
        }
        for part, measured in reversed(found.measured.items())
        for name in measured.gain
    ]


def values_table(found: Tuned) -> list[dict[str, str]]:
    """Every searched key with the recipe's own and the chosen value."""
    return [
        {"name": key, "own": value_text(found.own.values[key]), "chosen": value_text(value)}
        for key, value in found.chosen.values.items()
    ]


def write_search_report(folder: Path, found: Tuned, source: str) -> Path:
    """Write the page of a search into its folder and give its path; see `write_search_page`.

    Args:
        folder: of the search.
        found: what it found.
        source: the images, as the user named them.
    """
    order = sorted(found.trials, key=lambda trial: (trial.pruned, trial.value * (1 if found.lower_is_better else -1)))
    context: dict[str, Any] = {
        "heading": f"{found.recipe.name}, {source}",
        "found": found,
        "words": search_words(found),
        "compared": compared(found),
        "values": values_table(found),
        "history": draw_history(history(found), found.monitor),
        "curves": draw_curves(found),
        "slices": [draw_slice(part, found.monitor, place) for place, part in enumerate(slices(found))],
        "trials": [
            {
                "trial": trial,
                "score": score_text(trial.value, found.monitor),
                "values": [value_text(value) for value in trial.values.values()],
            }
            for trial in order
        ],
        "recipe_file": RECIPE_NAME,
    }
    return write_search_page(folder, "search.html.j2", found.importance, context)
