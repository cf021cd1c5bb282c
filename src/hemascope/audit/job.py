"""An audit and its folder: computed or taken up again, with the user's verdicts, written as tables."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from hemascope.audit.edits import Decided, with_edits
from hemascope.audit.findings_file import (
    CSV_NAME,
    JSON_NAME,
    read_findings_csv,
    write_findings_csv,
    write_findings_json,
)
from hemascope.audit.record import fingerprint, read_record, write_record
from hemascope.audit.result import Audit, Progress
from hemascope.data.manifest import Manifest
from hemascope.errors import HemascopeError
from hemascope.files import atomic

SCORES_NAME = "scores.csv"
BEFORE_NAME = "findings-before.csv"


@dataclass(frozen=True)
class Outcome:
    """What is known after an audit.

    Attributes:
        audit: with the user's verdicts in its findings.
        edits: how many of the verdicts are the user's.
        reused: whether the folder held this audit already.
    """

    audit: Audit
    edits: int
    reused: bool


def check_output(folder: Path, *sources: str) -> None:
    """Refuse a folder that cannot take an audit, before the long work.

    Raises:
        HemascopeError: it is a file, or lies inside a source, where a later audit would take it for images.
    """
    if folder.exists() and not folder.is_dir():
        raise HemascopeError(f"{folder}: not a folder", "Name a folder with -o.")
    for source in sources:
        place = Path(source).expanduser()
        if place.is_dir() and folder.resolve().is_relative_to(place.resolve()):
            raise HemascopeError(
                f"{folder}: the folder of the audit lies inside the source {source}", "Name another folder with -o."
            )


def audit_into(
    folder: Path,
    manifest: Manifest,
    *,
    findings_file: Path | None = None,
    reuse: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Audit a source and write findings.csv, findings.json and scores.csv into a folder.

    Verdicts that the user has edited in the folder's findings.csv stay; those of ``findings_file`` go before them. A
    findings.csv that was edited is left alone, or where it has to be written anew, kept as findings-before.csv.

    Args:
        folder: made where it is not there yet.
        manifest: of the source, or of two (`hemascope.audit.join.join`).
        findings_file: another table of verdicts, as `read_findings_csv` reads it.
        reuse: take the audit that the folder holds, if it is one of this source as it is now.
        progress: as of `audit`.

    Raises:
        SourceError: a findings table that cannot be read; nothing is computed or written then.
    """
    source = fingerprint(manifest)
    former = read_record(folder)
    table = folder / CSV_NAME
    edited = read_findings_csv(table, former.audit.manifest if former else manifest) if table.is_file() else None
    given = read_findings_csv(findings_file, manifest) if findings_file else None

    reused = reuse and former is not None and former.source == source
    done = former.audit if former and reused else _computed(manifest, progress)
    decided = Decided(done.findings, 0)
    if edited is not None:
        base = former.audit if former else done
        decided = with_edits(decided.findings, done.manifest, edited, base.findings, base.manifest)
    if given is not None:
        more = with_edits(decided.findings, done.manifest, given, decided.findings, done.manifest)
        decided = Decided(more.findings, decided.edits + more.edits)
    if not reused:
        write_record(folder, done, source)
    result = replace(done, findings=decided.findings)
    if not reused or edited is None or given is not None:
        if decided.edits and table.is_file():
            with atomic(folder / BEFORE_NAME) as temporary:
                shutil.copyfile(table, temporary)
        write_findings_csv(table, result.findings, result.manifest)
    write_findings_json(folder / JSON_NAME, result.findings, result.manifest, result.notes)
    with atomic(folder / SCORES_NAME) as temporary:
        result.scores.to_csv(temporary, index=False, float_format="%.5f")
    return Outcome(result, decided.edits, reused)


def _computed(manifest: Manifest, progress: Progress | None) -> Audit:
    from hemascope.audit.audit import audit  # its libraries take seconds to import, which taking up again need not

    return audit(manifest, progress)
