"""The audit of a data set, from its source to its page and the cleaned Manifest."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hemascope.audit.findings import KIND_NAMES, Audit, images_by_kind, verdicts_by_kind
from hemascope.audit.findings_file import CSV_NAME
from hemascope.audit.run import audit_into, check_output, join
from hemascope.audit.verdicts import FILE_NAME, cleaned
from hemascope.data.dataset import source_name
from hemascope.data.manifest import VERDICTS, Manifest
from hemascope.data.remote.mirror import as_given, into_folder
from hemascope.data.remote.path import located
from hemascope.data.sources import open_source
from hemascope.engine.where import Where
from hemascope.errors import HemascopeError
from hemascope.progress import SILENT, Progress
from hemascope.report.audit_page import write_audit_page
from hemascope.report.audit_sheets import surest
from hemascope.shown import paragraphs, table


@dataclass(frozen=True)
class AuditOutcome:
    """What an audit gives; a notebook shows it as counts by kind, and the surest in pictures.

    Attributes:
        audit: findings, scores and notes, with the user's verdicts.
        edits: how many of the verdicts are the user's.
        reused: whether the folder held this audit already.
        page: audit.html.
        cleaned: the Manifest to train on; None where it was not asked for.
        failures: how many images have an unsettled finding of the kinds in ``fail_on``, by kind; those without any
            are left out.
        command: the command line that repeats the audit.
    """

    audit: Audit
    edits: int
    reused: bool
    page: Path
    cleaned: Manifest | None
    failures: dict[str, int]
    command: str

    @property
    def findings_file(self) -> Path:
        """The table of verdicts, to be changed by hand."""
        return self.page.parent / CSV_NAME

    @property
    def cleaned_file(self) -> Path | None:
        """The cleaned Manifest as a file; None where it was not asked for."""
        return None if self.cleaned is None else self.page.parent / FILE_NAME

    def _repr_html_(self) -> str:
        """Counts by kind and verdict, and the surest findings of each kind in pictures."""
        readable = int((self.audit.manifest.table["error"] == "").sum())
        caption = f"{self.audit.manifest.name or 'images'}: {len(self.audit.manifest):,} images, {readable:,} readable"
        kinds = verdicts_by_kind(self.audit.findings).itertuples(name=None)
        return (
            table(["finding", "images", *VERDICTS], kinds, caption)
            + paragraphs(self.audit.notes)
            + surest(self.audit.manifest, self.audit.findings)
            + paragraphs([f"Page: {self.page}"])
        )


@into_folder(takes_up=CSV_NAME)
def audit(
    source: str | Path,
    *,
    against: str | Path | None = None,
    output: str | Path = "audit",
    apply: bool = False,
    findings: str | Path | None = None,
    fail_on: str = "",
    on: str | None = None,
    cores_each: int | None = None,
    progress: Progress = SILENT,
) -> AuditOutcome:
    """Find and show what is wrong with a data set. Nothing is ever deleted.

    An audit of the same images in the same folder is taken up again for ``apply`` and ``findings``. Verdicts that you
    have changed in the folder's findings.csv are kept.

    Args:
        source: labelled images, as `hemascope.data.sources.open_source` reads them.
        against: a second source, audited against the first: copies in both are leaks.
        output: folder for audit.html, findings.csv and .json, scores.csv.
        apply: also write cleaned.parquet, which `hemascope.train` takes.
        findings: take verdicts from this table too: columns path, kind, verdict and, to relabel, label, as in
            findings.csv, and as the page gives them.
        fail_on: kinds of findings, with commas between them, whose images are counted in ``failures`` unless their
            verdict is keep or relabel.
        on: "ray" or the address of a Ray cluster whose machines share the long steps; all of them see the images and
            ``output`` under the same paths. A part of the images that a lost machine had begun is looked at again by
            another; repeated after it was killed, the audit goes on with the parts that are there.
        cores_each: cores of each part there; where not given, the cluster's divided among the parts.
        progress: told of each step.

    Raises:
        HemascopeError: a source, table, kind, cluster or folder that cannot be used; nothing is written then.

    >>> import tempfile
    >>> outcome = audit("synthetic:24", output=tempfile.mkdtemp())
    >>> outcome.page.name, outcome.edits, outcome.cleaned
    ('audit.html', 0, None)
    """
    folder, kinds = Path(output), _known_kinds(fail_on)
    where = Where(on, cores_each, None if on is None else 0.0)
    where.check()
    check_output(folder, *(source_name(one) for one in (source, against) if one is not None))
    manifest = open_source(source, progress=progress)
    if against is not None:
        manifest = join(manifest, open_source(against, progress=progress))
    done = audit_into(
        folder,
        manifest,
        findings_file=None if findings is None else located(str(findings)),
        reuse=apply or findings is not None,
        where=where,
        progress=progress,
    )
    command = _command(source, against, folder)
    page = write_audit_page(folder, done.audit, command, done.edits)
    clean = None
    if apply:
        clean = cleaned(done.audit.manifest, done.audit.findings)
        clean.write(folder / FILE_NAME)
    failures = _unsettled(done.audit.findings, kinds)
    return AuditOutcome(done.audit, done.edits, done.reused, page, clean, failures, command)


def _known_kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in kinds:
        if name not in KIND_NAMES:
            raise HemascopeError(f"fail on: no finding is of the kind {name!r}", f"Kinds: {', '.join(KIND_NAMES)}.")
    return kinds


def _command(source: str | Path, against: str | Path | None, folder: Path) -> str:
    second = [] if against is None else ["--against", source_name(against)]
    return shlex.join(["hemascope", "audit", source_name(source), *second, "-o", as_given(folder)])


def _unsettled(findings: pd.DataFrame, kinds: tuple[str, ...]) -> dict[str, int]:
    """The images whose findings of these kinds are not settled by the verdict keep or relabel, by kind."""
    return images_by_kind(findings[findings["kind"].isin(kinds) & ~findings["verdict"].isin(["keep", "relabel"])])
