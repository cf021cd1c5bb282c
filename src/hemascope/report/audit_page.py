"""audit.html: one self-contained page that shows what an audit has found."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from hemascope import __version__
from hemascope.audit.cleaned import FILE_NAME as CLEANED
from hemascope.audit.cleaned import cleaned, verdict_counts
from hemascope.audit.findings import KINDS
from hemascope.audit.findings_file import CSV_NAME
from hemascope.audit.result import Audit
from hemascope.cells import colours
from hemascope.files import write_text
from hemascope.report.audit_classes import draw_before_after, label_of
from hemascope.report.audit_map import MARKS, draw_map, set_map
from hemascope.report.audit_sheets import sheets
from hemascope.report.template import rendered

FILE_NAME = "audit.html"


def write_audit_page(folder: Path, audit: Audit, command: str, edits: int = 0) -> Path:
    """Write the page of an audit into its folder.

    Args:
        folder: of the audit, with findings.csv in it.
        audit: with the verdicts to show; the images that are shown are read anew.
        command: the command line that repeats the audit; ``--apply`` is put behind it.
        edits: how many of the verdicts are the user's own.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
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
        "label_of": label_of,
        "classes_figure": draw_before_after(counts),
        "map": draw_map(points, classes) if len(points.labels) else "",
        "points": points,
        "marks": [(shape, name) for name, (_, shape) in MARKS.items() if np.any(points.marks == name)],
        "colours": dict(zip(classes, colours(classes), strict=True)),
        "csv": shlex.quote(str(folder / CSV_NAME)),
        "command": command,
        "train": f"hemascope train {shlex.quote(str(folder / CLEANED))}",
        "edits": edits,
        "seconds": sum(audit.seconds.values()),
        "version": __version__,
    }
