"""Find what is wrong with a data set: duplicates, junk, labels."""

from pathlib import Path
from typing import Annotated

import typer

FAILED = 4
"""Exit code where --fail-on found something."""


def audit(
    source: Annotated[
        str, typer.Argument(help="Labelled images: class folders, .npz, Parquet, CSV, or a name.", show_default=False)
    ],
    against: Annotated[
        str | None,
        typer.Option(help="Audit a second source against the first: copies in both are leaks.", show_default=False),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for audit.html, findings.csv and .json, scores.csv.")
    ] = Path("audit"),
    apply: Annotated[
        bool, typer.Option("--apply", help="Also write cleaned.parquet, which hemascope train takes.")
    ] = False,
    findings: Annotated[
        Path | None,
        typer.Option(
            help="Take verdicts from this table: columns path, kind, verdict, as in findings.csv.", show_default=False
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="KIND[,KIND]",
            help="Exit with 4 if an image has a finding of these kinds whose verdict is not keep.",
        ),
    ] = "",
) -> None:
    """Find and show what is wrong with a data set. Nothing is ever deleted.

    First: hemascope audit cells/ -o audit. Look at audit/audit.html, and
    change the column verdict in audit/findings.csv where you see it otherwise.

    Then: hemascope audit cells/ -o audit --apply. While the images have not
    changed, this takes up the same audit again, with your verdicts, and writes
    audit/cleaned.parquet. Train: hemascope train audit/cleaned.parquet.

    Verdicts: drop leaves an image out; keep and review leave it in. Only copies
    under different labels (kind conflict) stay out while they are on review.
    The strictest verdict of an image's rows counts. Verdicts that you have
    changed are kept by later audits into the same folder.

    Exit code 0, also when there are findings; 4 by --fail-on, for scripts.
    """
    import shlex

    from rich.console import Console

    from hemascope.audit.findings_file import CSV_NAME
    from hemascope.audit.run import audit_into, check_output, join
    from hemascope.audit.verdicts import FILE_NAME, cleaned
    from hemascope.cli._audit_tell import AuditBar, failures, known_kinds, tell, tell_cleaned, tell_next
    from hemascope.data.sources import open_source
    from hemascope.report.audit_page import write_audit_page

    gate = known_kinds(fail_on)
    check_output(output, *filter(None, (source, against)))
    console = Console()
    with AuditBar() as bar:
        manifest = open_source(source)
        if against is not None:
            manifest = join(manifest, open_source(against))
        outcome = audit_into(
            output, manifest, findings_file=findings, reuse=apply or findings is not None, progress=bar.step
        )
    second = ["--against", against] if against is not None else []
    command = shlex.join(["hemascope", "audit", source, *second, "-o", str(output)])
    page = write_audit_page(output, outcome.audit, command, outcome.edits)
    tell(outcome, console)
    if apply:
        clean = cleaned(outcome.audit.manifest, outcome.audit.findings)
        clean.write(output / FILE_NAME)
        tell_cleaned(outcome.audit.manifest, outcome.audit.findings, clean, output / FILE_NAME, console)
    tell_next(page, output / CSV_NAME, "" if apply else f"{command} --apply", console)
    if failures(outcome.audit.findings, gate, console):
        raise typer.Exit(FAILED)
