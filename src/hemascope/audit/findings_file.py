"""findings.csv and findings.json: the findings as files, and findings.csv as the user has edited it."""

import difflib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import hemascope
from hemascope.audit.findings import KIND_NAMES, Finding, each_finding, findings_table, images_by_kind
from hemascope.data.delimited import read_delimited, write_delimited
from hemascope.data.manifest import VERDICTS, Manifest
from hemascope.data.sources.names import class_name
from hemascope.errors import SourceError
from hemascope.files import atomic
from hemascope.formats import write_versioned

CSV_NAME = "findings.csv"
JSON_NAME = "findings.json"
COLUMNS = ("path", "kind", "score", "reason", "related", "verdict", "label")
FORMAT_VERSION = 1
_NEEDED = ("path", "kind", "verdict")
_SEPARATOR = "|"


def write_findings_csv(path: Path, findings: pd.DataFrame, manifest: Manifest) -> None:
    """Write the table that the user edits, whole or not at all.

    Columns ``path`` (`Manifest.ids`), ``kind``, ``score`` (0 to 1), ``reason``, ``related`` (paths joined by ``|``),
    ``verdict`` and ``label``, which the verdict relabel gives to the image. UTF-8.
    """
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        write_delimited(file, [COLUMNS, *findings_cells(findings, manifest)])


def findings_cells(findings: pd.DataFrame, manifest: Manifest) -> list[list[str]]:
    """What stands in the lines of findings.csv, below `COLUMNS`."""
    ids = manifest.ids.tolist()
    return [
        [
            ids[found.row],
            found.kind,
            f"{found.score:.4f}",
            found.reason,
            _SEPARATOR.join(ids[row] for row in found.related),
            found.verdict,
            found.label,
        ]
        for found in each_finding(findings)
    ]


def write_findings_json(path: Path, findings: pd.DataFrame, manifest: Manifest, notes: Sequence[str]) -> None:
    """Write the same rows for programs, with the number of images and the notes on the whole set."""
    ids = manifest.ids.tolist()
    about = {
        "hemascope": hemascope.__version__,
        "source": manifest.name,
        "images": len(manifest),
        "notes": list(notes),
        "counts": images_by_kind(findings),
        "findings": [
            {
                "path": ids[found.row],
                "kind": found.kind,
                "score": round(found.score, 4),
                "reason": found.reason,
                "related": [ids[row] for row in found.related],
                "verdict": found.verdict,
                "label": found.label,
            }
            for found in each_finding(findings)
        ],
    }
    write_versioned(path, about, FORMAT_VERSION)


def read_findings_csv(path: Path, manifest: Manifest) -> pd.DataFrame:
    """Read findings.csv back, edited or written by hand: any of its verdicts, rows and kinds may be the user's.

    The columns path, kind and verdict are needed, in any order; the others may be absent. Related paths that are
    not in the Manifest are passed over. Where a Manifest lists one path several times, the first row of a kind that
    names it means the first of them, and so on.

    Returns:
        As `findings_table`.

    Raises:
        SourceError: unreadable, a column missing, or a row with a path, kind, score, verdict or label that is not
            known; it names the line and what is valid.
    """
    header, lines = read_delimited(path, ",".join(COLUMNS))
    places = {name: place for place, name in enumerate(name.lower() for name in header)}
    lacking = [name for name in _NEEDED if name not in places]
    if lacking:
        raise SourceError(
            f"{path}: no column {lacking[0]!r}; its columns are {', '.join(header)}",
            f"The columns are {', '.join(COLUMNS)}.",
        )
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(manifest.ids):
        rows_of[name].append(row)
    seen: dict[tuple[str, str], int] = defaultdict(int)
    found: list[Finding] = []
    for line, cells in lines:
        values = {name: cells[place].strip() for name, place in places.items()}
        name = cells[places["path"]]
        kind = _one_of(KIND_NAMES, values["kind"], "kind", path, line)
        verdict = _one_of(VERDICTS, values["verdict"], "verdict", path, line)
        if name not in rows_of:
            near = difflib.get_close_matches(name, rows_of, n=1, cutoff=0.9)
            raise SourceError(
                f"{path}: line {line} names {name!r}, which is no image of the audited source",
                f"Did you mean {near[0]}?" if near else "Write paths as the audit writes them.",
            )
        rows = rows_of[name]
        row = rows[min(seen[name, kind], len(rows) - 1)]
        seen[name, kind] += 1
        related = filter(None, values.get("related", "").split(_SEPARATOR))
        others = tuple(rows_of[other][-1 if other == name else 0] for other in related if other in rows_of)
        score = _score(values.get("score", ""), path, line)
        label = _label(values.get("label", ""), verdict, manifest.classes, path, line)
        found.append(Finding(row, kind, score, values.get("reason", ""), others, verdict, label))
    return findings_table(found)


def _one_of(valid: Sequence[str], text: str, what: str, path: Path, line: int) -> str:
    for name in (text, text.lower()):
        if name in valid:
            return name
    near = difflib.get_close_matches(text.lower(), valid, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise SourceError(f"{path}: line {line} has the {what} {text!r}", f"Valid: {', '.join(valid)}.{hint}")


def _label(text: str, verdict: str, classes: Sequence[str], path: Path, line: int) -> str:
    """The class in the column ``label``; "" where there is none and none is needed."""
    name = text if text in classes else class_name(text)
    if verdict != "relabel" and name not in classes:
        return ""
    if not name:
        raise SourceError(
            f"{path}: line {line} says relabel, but not as what",
            f"Write the class into the column label: {', '.join(classes)}.",
        )
    return _one_of(classes, name, "label", path, line)


def _score(text: str, path: Path, line: int) -> float:
    try:
        score = float(text.replace(",", ".") or 1)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise SourceError(f"{path}: line {line} has the score {text!r}", "A score is a number from 0 to 1.")
    return score
