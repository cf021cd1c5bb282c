"""An audit and its folder: computed or taken up again, with the user's verdicts, written as tables."""

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import hemascope
from hemascope.audit.findings import Audit, each_finding, findings_table
from hemascope.audit.findings_file import (
    CSV_NAME,
    JSON_NAME,
    read_findings_csv,
    write_findings_csv,
    write_findings_json,
)
from hemascope.audit.verdicts import Decided, new_labels, with_edits
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.delimited import as_delimited
from hemascope.data.kinds import expanded
from hemascope.data.manifest import Manifest
from hemascope.data.regular import is_there, version
from hemascope.data.remote.url import is_url
from hemascope.data.sources.names import class_names
from hemascope.engine.where import HERE, Where, tasks
from hemascope.errors import HemascopeError, SourceError
from hemascope.files import atomic, write_text
from hemascope.progress import SILENT, Progress

FOLDER = "record"
FORMAT_VERSION = 1
_ABOUT = "about.json"


class Record(NamedTuple):
    """A recorded audit, and the `fingerprint` of what was audited."""

    audit: Audit
    source: str


_ASKED = 16  # files elsewhere


def fingerprint(manifest: Manifest) -> str:
    """What an audit depends on, as far as can be seen without reading images.

    The source's rows, size and time of each file, and the version of hemascope. Of many files elsewhere it would take
    as long as reading them to ask for their state, so they count as changed.
    """
    digest = hashlib.blake2b(hemascope.__version__.encode(), digest_size=16)
    digest.update(repr((manifest.classes, manifest.name)).encode())
    digest.update(manifest.table.to_csv(index=False).encode())
    elsewhere: list[str] = []
    for path in manifest.table["path"].unique():
        if is_url(path):
            elsewhere.append(path)
            continue
        try:
            state = Path(path).stat()
            digest.update(f"{state.st_size} {state.st_mtime_ns}\n".encode())
        except OSError:
            digest.update(b"absent\n")
    if len(elsewhere) > _ASKED:
        digest.update(os.urandom(16))
    for url in elsewhere[:_ASKED]:
        digest.update(version(url).encode() or os.urandom(16))
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
        if "label" not in findings:  # written by 0.1.0, which knew no other label
            findings["label"] = ""
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


SCORES_NAME = "scores.csv"
PARTS = "parts"
"""Folder of what the machines of a cluster have found, while an audit runs there."""
BEFORE_NAME = "findings-before.csv"


@dataclass(frozen=True)
class Audited:
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
        place = expanded(source)
        if is_url(source):
            continue
        if is_there(place) and place.is_dir() and folder.resolve().is_relative_to(place.resolve()):
            raise HemascopeError(
                f"{folder}: the folder of the audit lies inside the source {source}", "Name another folder with -o."
            )


def audit_into(
    folder: Path,
    manifest: Manifest,
    *,
    findings_file: Path | None = None,
    reuse: bool = False,
    where: Where = HERE,
    progress: Progress = SILENT,
) -> Audited:
    """Audit a source and write findings.csv, findings.json and scores.csv into a folder.

    Verdicts that the user has edited in the folder's findings.csv stay; those of ``findings_file`` go before them. A
    findings.csv that was edited is left alone, or where it has to be written anew, kept as findings-before.csv.

    Args:
        folder: made where it is not there yet.
        manifest: of the source, or of two (`hemascope.audit.run.join`).
        findings_file: another table of verdicts, as `read_findings_csv` reads it.
        reuse: take the audit that the folder holds, if it is one of this source as it is now.
        where: the long steps run; on a cluster their parts are kept in the folder ``parts`` until all is done.
        progress: told of each step.

    Raises:
        SourceError: a findings table that cannot be read, or that relabels an image as two classes; nothing is
            written then.
    """
    source = fingerprint(manifest)
    former = read_record(folder)
    table = folder / CSV_NAME
    edited = read_findings_csv(table, former.audit.manifest if former else manifest) if table.is_file() else None
    given = read_findings_csv(findings_file, manifest) if findings_file else None

    reused = reuse and former is not None and former.source == source
    done = former.audit if former and reused else _computed(manifest, folder / PARTS / source, where, progress)
    decided = Decided(done.findings, 0)
    if edited is not None:
        base = former.audit if former else done
        decided = with_edits(decided.findings, done.manifest, edited, base.findings, base.manifest)
    if given is not None:
        more = with_edits(decided.findings, done.manifest, given, decided.findings, done.manifest)
        decided = Decided(more.findings, decided.edits + more.edits)
    new_labels(decided.findings, done.manifest)  # refuses two for one image before anything is written
    if not reused:
        write_record(folder, done, source)
        shutil.rmtree(folder / PARTS, ignore_errors=True)
    result = replace(done, findings=decided.findings)
    if not reused or edited is None or given is not None:
        if decided.edits and table.is_file():
            with atomic(folder / BEFORE_NAME) as temporary:
                shutil.copyfile(table, temporary)
        write_findings_csv(table, result.findings, result.manifest)
    write_findings_json(folder / JSON_NAME, result.findings, result.manifest, result.notes)
    write_text(folder / SCORES_NAME, as_delimited(result.scores, "%.5f"))
    return Audited(result, decided.edits, reused)


def _computed(manifest: Manifest, folder: Path, where: Where, progress: Progress) -> Audit:
    from hemascope.audit.audit import audit  # its libraries take seconds to import, which taking up again need not
    from hemascope.audit.spread import Spread, parts_of

    if where.on is None:
        return audit(manifest, progress)
    with tasks(where, folder, many=len(parts_of(len(manifest)))) as pool:
        return audit(manifest, progress, Spread(pool, folder, progress))


def join(manifest: Manifest, against: Manifest) -> Manifest:
    """Put the rows of ``against`` below those of ``manifest``.

    Where a set names no splits, the first one's images are ``train`` and the second one's ``test``, so that copies
    between the two are leaks. The classes are those of both; groups stay apart.

    Raises:
        SourceError: a class of one and another class of the other would be called alike.
    """
    name = f"{manifest.name} against {against.name}"
    class_names((*manifest.spelt, *against.spelt), name)
    first, second = _with_split(manifest, "train"), _with_split(against, "test")
    offset = int(first.table["group"].max()) + 1 if len(first) else 0
    group = second.table["group"].to_numpy(np.int64)
    second = second.with_columns(group=np.where(group < 0, -1, group + offset))
    classes = tuple(dict.fromkeys((*manifest.classes, *against.classes)))
    return replace(
        manifest,
        table=pd.concat([first.table, second.table], ignore_index=True),
        classes=BLOOD_CLASSES if set(classes) == set(BLOOD_CLASSES) else classes,
        name=name,
        licence=_both(manifest.licence, against.licence),
        attribution=_both(manifest.attribution, against.attribution),
        spelt=(*manifest.spelt, *against.spelt),
    )


def _with_split(manifest: Manifest, split: str) -> Manifest:
    named = manifest.table["split"]
    return manifest if (named != "").any() else manifest.with_columns(split=[split] * len(named))


def _both(one: str, other: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, (one, other))))
