"""audit.html: one self-contained page that shows what an audit has found."""

import io
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from hemascope import __version__
from hemascope.audit.findings import COPIES, KIND_NAMES, KINDS, Audit
from hemascope.audit.findings_file import COLUMNS, CSV_NAME, findings_cells
from hemascope.audit.verdicts import FILE_NAME as CLEANED
from hemascope.audit.verdicts import cleaned, image_verdicts, verdict_counts
from hemascope.cells import colours, title
from hemascope.data.delimited import write_delimited
from hemascope.data.manifest import VERDICTS, Manifest
from hemascope.data.remote.mirror import as_given
from hemascope.files import write_text
from hemascope.report import svg
from hemascope.report.audit_sheets import sheets
from hemascope.report.template import rendered


@svg.styled
def draw_before_after(counts: pd.DataFrame) -> Markup:
    """Images by class: those that stay, and behind them those that are dropped.

    Args:
        counts: as of `hemascope.audit.verdicts.verdict_counts`.
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


def shown_counts(counts: pd.DataFrame) -> dict[str, str]:
    """The columns of `hemascope.audit.verdicts.verdict_counts` that are worth showing, with their headings."""
    names = {"before": "before", "dropped": "dropped", "relabelled": "relabelled", "after": "after"}
    if not counts["relabelled"].any():
        del names["relabelled"]
    return {**names, "review": "for review"}


def count_cell(column: str, count: int) -> str:
    """A number of it; what came and what went by new labels has a sign.

    >>> count_cell("after", 1200), count_cell("relabelled", -2)
    ('1,200', '-2')
    """
    return f"{count:+,}" if column == "relabelled" and count else f"{count:,}"


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
            path = Outline(ends, [Outline.MOVETO, Outline.LINETO] * int(of_class.sum()))
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


FILE_NAME = "audit.html"


def write_audit_page(folder: Path, audit: Audit, command: str, edits: int = 0) -> Path:
    """Write the page of an audit into its folder.

    Args:
        folder: of the audit, with findings.csv in it.
        audit: with the verdicts to show; the images that are shown are read anew.
        command: the command line that repeats the audit; ``--apply`` is put behind it.
        edits: how many of the verdicts are the user's own.

    Returns:
        The page's path: one HTML file that asks for nothing from outside. Its own script lets the user decide, and
        gives back a findings.csv.
    """
    page = folder / FILE_NAME
    write_text(page, rendered("audit.html.j2", _context(folder, audit, command, edits)))
    return page


def headline(images: int, dropped: int, review: int) -> str:
    """The result in one sentence.

    >>> headline(1712, 0, 0)
    'Nothing is wrong with these 1,712 images, as far as an audit can see.'
    >>> headline(1712, 37, 1)
    '37 of 1,712 images are better left out, and 1 is worth a look.'
    """
    parts = []
    if dropped:
        parts.append(f"{dropped:,} of {images:,} images {'is' if dropped == 1 else 'are'} better left out")
    if review:
        of = "" if dropped else f" of {images:,} images"
        parts.append(f"{review:,}{of} {'is' if review == 1 else 'are'} worth a look")
    return (
        f"{', and '.join(parts)}."
        if parts
        else (f"Nothing is wrong with these {images:,} images, as far as an audit can see.")
    )


def _lines(manifest: Manifest, findings: pd.DataFrame) -> dict[str, Any]:
    """findings.csv for the page's script: what it may change, and the rest of each line as it is."""
    return {
        "name": CSV_NAME,
        "header": ",".join(COLUMNS),
        "lines": [
            [_csv(start), verdict, _csv([label])] for *start, verdict, label in findings_cells(findings, manifest)
        ],
        "classes": [[title(name), _csv([name])] for name in manifest.classes],
    }


def _csv(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    write_delimited(text, [cells])
    line = text.getvalue()[:-1]
    return "" if line == '""' else line


def _context(folder: Path, audit: Audit, command: str, edits: int) -> dict[str, Any]:
    clean = cleaned(audit.manifest, audit.findings)
    counts = verdict_counts(audit.manifest, clean)
    totals = counts.sum()
    found = sheets(audit.manifest, audit.findings)
    conflicts = audit.findings[audit.findings["kind"] == "conflict"]
    classes = audit.manifest.classes
    points = set_map(audit)
    unusable = int((~clean.usable).sum())
    return {
        "heading": audit.manifest.name or folder.resolve().name,
        "headline": headline(len(clean), unusable, int(totals["review"])),
        "notes": audit.notes,
        "images": len(clean),
        "readable": int((audit.manifest.table["error"] == "").sum()),
        "stay": int(totals["after"]),
        "review": int(totals["review"]),
        "out": unusable,
        "undecided": int(conflicts.loc[conflicts["verdict"] == "review", "row"].nunique()),
        "sheets": found,
        "absent": [kind.title.lower() for kind in KINDS if kind not in [sheet.kind for sheet in found]],
        "counts": counts,
        "shown_counts": shown_counts(counts),
        "count_cell": count_cell,
        "verdicts": VERDICTS[::-1],
        "lines": _lines(audit.manifest, audit.findings),
        "label_of": label_of,
        "classes_figure": draw_before_after(counts),
        "map": draw_map(points, classes) if len(points.labels) else "",
        "points": points,
        "marks": [(shape, name) for name, (_, shape) in MARKS.items() if np.any(points.marks == name)],
        "colours": dict(zip(classes, colours(classes), strict=True)),
        "csv": shlex.quote(as_given(folder / CSV_NAME)),
        "command": command,
        "train": f"hemascope train {shlex.quote(as_given(folder / CLEANED))}",
        "edits": edits,
        "seconds": sum(audit.seconds.values()),
        "version": __version__,
    }
