"""The map of a data set: like images lie near each other; findings are marked."""

from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from hemascope.audit.findings import COPIES, KIND_NAMES
from hemascope.audit.result import Audit
from hemascope.audit.verdicts import image_verdicts
from hemascope.cells import colours
from hemascope.report import svg

MOST_POINTS = 3000
MOST_MARKS = 1000

MARKS: dict[str, tuple[str, str]] = {
    "copies": ("o", "○"),
    "no cell": ("x", "×"),  # noqa: RUF001
    "doubtful label": ("^", "△"),
    "picture quality": ("s", "□"),
}
"""What a mark stands for: matplotlib's name of its shape, and the shape in print."""


class SetMap(NamedTuple):
    """The points of the map.

    Attributes:
        positions: float32 (m, 2).
        labels: class names, str objects (m,); "" where unlabelled.
        marks: str objects (m,), one of ``MARKS``, "" for an image without a finding.
        dropped: bool (m,), whether the image is left out of training.
        images: how many images have a place on the map; m of them are shown.
    """

    positions: np.ndarray
    labels: np.ndarray
    marks: np.ndarray
    dropped: np.ndarray
    images: int


def mark_of(kind: str) -> str:
    """The mark that a kind of finding has on the map.

    >>> mark_of("leak"), mark_of("junk"), mark_of("label"), mark_of("blur")
    ('copies', 'no cell', 'doubtful label', 'picture quality')
    """
    if kind in COPIES:
        return "copies"
    return {"junk": "no cell", "blank": "no cell", "label": "doubtful label"}.get(kind, "picture quality")


def set_map(audit: Audit) -> SetMap:
    """Choose the points to show: the findings first, then others evenly through the table."""
    n = len(audit.manifest)
    marks = np.full(n, "", object)
    for kind in reversed(KIND_NAMES):  # the weightiest last, so that it stays
        marks[audit.findings["row"][audit.findings["kind"] == kind].to_numpy(np.int64)] = mark_of(kind)
    placed = np.isfinite(audit.positions).all(axis=1)
    found = _evenly(np.flatnonzero(placed & (marks != "")), MOST_MARKS)
    others = _evenly(np.flatnonzero(placed & (marks == "")), MOST_POINTS - len(found))
    rows = np.sort(np.concatenate([found, others]))
    return SetMap(
        audit.positions[rows],
        audit.manifest.table["label"].to_numpy(object)[rows],
        marks[rows],
        image_verdicts(audit.findings, n)[rows] == "drop",
        int(placed.sum()),
    )


def _evenly(rows: np.ndarray, most: int) -> np.ndarray:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


@svg.styled
def draw_map(points: SetMap, classes: tuple[str, ...]) -> Markup:
    """A dot an image in the colour of its class; marks over those with findings."""
    figure, (axes,) = svg.canvas(7.6, 4.9)
    x, y = points.positions.T
    for name, colour in (*zip(classes, colours(classes), strict=True), ("", svg.MUTED)):
        of_class = points.labels == name
        if of_class.any():
            # One path of dots without length takes a tenth of the room that markers take.
            ends = np.repeat(points.positions[of_class], 2, axis=0)
            path = Path(ends, [Path.MOVETO, Path.LINETO] * int(of_class.sum()))
            path.should_simplify = False
            axes.add_patch(PathPatch(path, fill=False, edgecolor=colour, lw=3.4, capstyle="round", alpha=0.75))
    for name, (shape, _) in MARKS.items():
        for dropped, colour in ((False, svg.INK), (True, svg.WRONG)):
            chosen = (points.marks == name) & (points.dropped == dropped)
            axes.plot(x[chosen], y[chosen], shape, ms=5, color=colour, mfc="none", mew=0.9)
    axes.margins(0.03)
    axes.autoscale_view()
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    found = int((points.marks != "").sum())
    words = f"Map of {len(points.labels):,} images, a dot each, in the colours of the classes; {found:,} are marked."
    return svg.inline(figure, "map", words)
