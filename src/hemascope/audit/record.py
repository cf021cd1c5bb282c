"""The record of a finished audit in its folder, so that the next step need not compute it again."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import hemascope
from hemascope.audit.findings import each_finding, findings_table
from hemascope.audit.result import Audit
from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError
from hemascope.files import atomic, write_text

FOLDER = "record"
FORMAT_VERSION = 1
_ABOUT = "about.json"


class Record(NamedTuple):
    """A recorded audit, and the `fingerprint` of what was audited."""

    audit: Audit
    source: str


def fingerprint(manifest: Manifest) -> str:
    """What an audit depends on, as far as can be seen without reading images.

    The source's rows, size and time of each file, and the version of hemascope.
    """
    digest = hashlib.blake2b(hemascope.__version__.encode(), digest_size=16)
    digest.update(repr((manifest.classes, manifest.name)).encode())
    digest.update(manifest.table.to_csv(index=False).encode())
    for path in manifest.table["path"].unique():
        try:
            state = Path(path).stat()
            digest.update(f"{state.st_size} {state.st_mtime_ns}\n".encode())
        except OSError:
            digest.update(b"absent\n")
    return digest.hexdigest()


def write_record(folder: Path, audit: Audit, source: str) -> None:
    """Keep an audit in the folder ``record`` of ``folder``.

    Args:
        folder: of the audit.
        audit: with the verdicts as recommended.
        source: `fingerprint` of what was audited.
    """
    place = folder / FOLDER
    about = place / _ABOUT
    about.unlink(missing_ok=True)  # it comes last, so that a record is whole where it is there
    audit.manifest.write(place / "manifest.parquet")
    with atomic(place / "findings.parquet") as temporary:
        audit.findings.assign(related=audit.findings["related"].map(list)).to_parquet(temporary, index=False)
    with atomic(place / "scores.parquet") as temporary:
        audit.scores.to_parquet(temporary, index=False)
    with atomic(place / "positions.npy") as temporary:
        np.save(temporary, audit.positions)
    written = {
        "format_version": FORMAT_VERSION,
        "source": source,
        "notes": list(audit.notes),
        "seconds": audit.seconds,
    }
    write_text(about, json.dumps(written, indent=1))


def read_record(folder: Path) -> Record | None:
    """What `write_record` kept; None where there is no whole record."""
    place = folder / FOLDER
    try:
        about = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
        if about["format_version"] != FORMAT_VERSION:
            return None
        findings = pd.read_parquet(place / "findings.parquet")
        audit = Audit(
            manifest=Manifest.read(place / "manifest.parquet"),
            findings=findings_table(each_finding(findings)),
            scores=pd.read_parquet(place / "scores.parquet"),
            positions=np.load(place / "positions.npy"),
            notes=tuple(about["notes"]),
            seconds=about["seconds"],
        )
    except (OSError, ValueError, KeyError, SourceError):
        return None
    return Record(audit, about["source"])
