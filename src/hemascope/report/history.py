"""How the training went: loss, accuracy and learning rate by epoch."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from hemascope.errors import RunError
from hemascope.report import svg

COLUMNS = ("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


class History(NamedTuple):
    """A row an epoch, columns as in ``COLUMNS``; the best epoch on validation accuracy or None; seconds in all."""

    table: pd.DataFrame
    best_epoch: int | None
    seconds: float


def read_history(path: Path) -> History | None:
    """The history of a Run; None where it has none or no epoch was finished.

    Raises:
        RunError: a file without the columns of a history.
    """
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as problem:
        raise RunError(f"{path}: not a readable history ({problem})", "Delete it to report without it.") from problem
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise RunError(f"{path}: the history lacks the columns {', '.join(lacking)}", "Delete it to report without it.")
    if not len(table):
        return None
    accuracy = table["val_accuracy"].to_numpy(float)
    known = np.isfinite(accuracy)
    best = int(table["epoch"].iloc[int(np.argmax(np.where(known, accuracy, -1)))]) if known.any() else None
    return History(table, best, float(table["seconds"].sum()))


@svg.styled
def draw_history(history: History) -> Markup:
    """Accuracy, loss and learning rate, one above the other; the best epoch marked."""
    table = history.table
    figure, panels = svg.canvas(4.4, 5.0, [1.35, 1.35, 0.8])
    epochs = table["epoch"].to_numpy(float)
    marker = "o" if len(table) < 3 else None
    for axes, name in zip(panels, ("accuracy", "loss"), strict=False):
        axes.plot(epochs, table[f"train_{name}"], color=svg.SECOND, marker=marker, ms=4, label="train", ls=(0, (4, 2)))
        axes.plot(epochs, table[f"val_{name}"], color=svg.ACCENT, marker=marker, ms=4, label="val")
        axes.set_ylabel(name)
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g}%")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    panels[2].plot(epochs, table["learning_rate"], color=svg.MUTED, marker=marker, ms=4, drawstyle="steps-mid")
    panels[2].set(ylabel="learning rate", xlabel="epoch", ylim=(0, None))
    panels[2].yaxis.set_major_formatter(lambda value, _: f"{value:.2g}")
    panels[2].xaxis.set_major_locator(MaxNLocator(integer=True))
    if history.best_epoch is not None:
        for axes in panels:
            axes.axvline(history.best_epoch, color=svg.WRONG, lw=0.9, ls=(0, (2, 2)))
    return svg.inline(figure, "history", describe(history))


def describe(history: History) -> str:
    """The history in one sentence."""
    last = history.table.iloc[-1]
    words = f"Accuracy, loss and learning rate over {len(history.table)} epochs."
    if history.best_epoch is not None:
        words += f" Best validation accuracy {history.table['val_accuracy'].max():.4f} in epoch {history.best_epoch}."
    return f"{words} Last training loss {last['train_loss']:.4g}."
