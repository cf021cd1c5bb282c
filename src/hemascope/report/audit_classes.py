"""The classes before and after the cleaning."""

import numpy as np
import pandas as pd
from markupsafe import Markup

from hemascope.report import svg


@svg.styled
def draw_before_after(counts: pd.DataFrame) -> Markup:
    """Images by class: those that stay, and behind them those that are dropped.

    Args:
        counts: as of `hemascope.audit.cleaned.verdict_counts`.
    """
    n = len(counts)
    figure, (axes,) = svg.canvas(4.8, 0.75 + 0.27 * n)
    rows = np.arange(n)
    after, dropped, review = (counts[name].to_numpy(float) for name in ("after", "dropped", "review"))
    axes.barh(rows, after - review, 0.64, color=svg.ACCENT, label="stays")
    axes.barh(rows, review, 0.64, left=after - review, color=svg.ACCENT, alpha=0.45, label="stays, for review")
    axes.barh(rows, dropped, 0.64, left=after, color=svg.WRONG, label="dropped")
    axes.set(ylim=(n - 0.4, -0.6), xlabel="images", xlim=(0, None))
    axes.set_yticks(rows, [label_of(str(name)) for name in counts.index])
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    figure.legend(loc="outside upper right", ncols=3)
    words = ", ".join(
        f"{label_of(str(name))} {row.before} before and {row.after} after" for name, row in counts.iterrows()
    )
    return svg.inline(figure, "classes", f"Images by class: {words}.")


def label_of(name: str) -> str:
    """A class's name for the figure and the table.

    >>> label_of("platelet"), label_of("")
    ('Platelet', 'No label')
    """
    return svg.label(name) if name else "No label"
