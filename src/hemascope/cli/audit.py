"""Find what is wrong with a data set: duplicates, junk, labels."""

from typing import Annotated

import typer

from hemascope.cli._cluster import cores
from hemascope.data.kinds import LABELLED

FAILED = 4
"""Exit code where --fail-on found something."""


def audit(
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    against: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="Audit a second source, too: copies in both are leaks.", show_default=False
        ),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="For audit.html, findings.csv and .json, scores.csv; or a URL."
        ),
    ] = "audit",
    apply: Annotated[
        bool, typer.Option("--apply", help="Also write cleaned.parquet, which hemascope train takes.")
    ] = False,
    findings: Annotated[
        str | None,
        typer.Option(
            help="Take verdicts from this table: columns path, kind, verdict, label, as in findings.csv.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="KIND[,KIND]",
            help="Exit with 4 if an image has a finding of these kinds whose verdict is not keep or relabel.",
        ),
    ] = "",
    on: Annotated[
        str | None,
        typer.Option(
            metavar="CLUSTER",
            help="Share the work among the machines of a Ray cluster: ray, or ray://HOST:10001.",
            show_default=False,
        ),
    ] = None,
    cores_each: Annotated[int | None, cores("part")] = None,
) -> None:
    """Find and show what is wrong with a data set. Nothing is ever deleted.

    First: hemascope audit cells/ -o audit. Look at audit/audit.html. Where you
    see it otherwise, decide on the page, which gives back a findings.csv for
    --findings, or change the column verdict in audit/findings.csv.

    Then: hemascope audit cells/ -o audit --apply. While the images have not
    changed, this takes up the same audit again, with your verdicts, and writes
    audit/cleaned.parquet. Train: hemascope train audit/cleaned.parquet.

    Verdicts: drop leaves an image out; keep and review leave it in; relabel
    gives it the class in the column label. Only copies under different labels
    (kind conflict) stay out while they are on review.
    The strictest verdict of an image's rows counts. Verdicts that you have
    changed are kept by later audits into the same folder.

    With --on, the machines of a cluster look at the images part by part and
    compare them. All of them see the images and the folder under the same
    paths. The findings are the same; what was done stays where it is stopped.

    Exit code 0, also when there are findings; 4 by --fail-on, for scripts.
    """
    from hemascope.cli._audit_show import show
    from hemascope.pipeline.audit import audit
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        outcome = audit(
            source,
            against=against,
            output=output,
            apply=apply,
            findings=findings,
            fail_on=fail_on,
            on=on,
            cores_each=cores_each,
            progress=progress,
        )
    show(outcome, Console())
    if outcome.failures:
        raise typer.Exit(FAILED)
