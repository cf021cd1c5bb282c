"""What an audit says on the terminal."""

import shlex
from typing import Any

from rich.markup import escape
from rich.table import Table

from hemascope.audit.findings import Audit, verdicts_by_kind
from hemascope.audit.verdicts import verdict_counts
from hemascope.cells import title
from hemascope.data.manifest import VERDICTS
from hemascope.data.remote.mirror import as_given
from hemascope.pipeline.audit import AuditOutcome
from hemascope.report.audit_page import count_cell, shown_counts
from hemascope.report.data_part import short_name
from hemascope.terminal import Console

_WHOLE: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}  # lines to copy from the terminal


def show(outcome: AuditOutcome, console: Console) -> None:
    """What was found, what is left after it, where the results are and what to do next."""
    _show_findings(outcome, console)
    if outcome.cleaned is not None:
        _show_cleaned(outcome, console)
    console.print(f"Page: {as_given(outcome.page)}", **_WHOLE)
    console.print(
        f"Verdicts: {as_given(outcome.findings_file)} (change any to keep, review, relabel or drop)", **_WHOLE
    )
    if outcome.cleaned is None:
        console.print(f"Then: {outcome.command} --apply", **_WHOLE)
    if outcome.failures:
        counts = ", ".join(f"{name} {count:,}" for name, count in outcome.failures.items())
        console.print(f"Failed by --fail-on: {counts}", highlight=False)


def _show_findings(outcome: AuditOutcome, console: Console) -> None:
    """Counts by kind with an example each, the notes on the whole set, and whose verdicts they are."""
    audit = outcome.audit
    took = "taken up again" if outcome.reused else f"audited in {sum(audit.seconds.values()):.0f} s"
    readable = int((audit.manifest.table["error"] == "").sum())
    name = escape(audit.manifest.name or "images")
    console.print(f"{name}: {len(audit.manifest):,} images, {readable:,} readable; {took}", highlight=False)
    if len(audit.findings):
        console.print(_kinds_table(audit))
    else:
        console.print("Nothing is wrong with them, as far as an audit can see.")
    for note in audit.notes:
        console.print(f"- {note}", markup=False, highlight=False)
    if outcome.edits:
        console.print(f"Verdicts of yours, which are kept: {outcome.edits:,}", highlight=False)


def _kinds_table(audit: Audit) -> Table:
    table = Table("finding", "images", *VERDICTS, "for example", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:-1]:
        column.justify = "right"
    table.columns[-1].no_wrap, table.columns[-1].overflow = True, "ellipsis"
    examples = audit.findings.drop_duplicates("kind").set_index("kind")["row"]
    for name, images, *verdicts in verdicts_by_kind(audit.findings).itertuples():
        first = audit.manifest.table.iloc[int(examples[name])]
        shown = [f"{count:,}" if count else "" for count in verdicts]
        table.add_row(name, f"{images:,}", *shown, escape(short_name(first["path"], first["member"])))
    return table


def _show_cleaned(outcome: AuditOutcome, console: Console) -> None:
    """The classes before and after, and how to train on what is left."""
    assert outcome.cleaned is not None
    counts = verdict_counts(outcome.audit.manifest, outcome.cleaned)
    columns = shown_counts(counts)
    table = Table("class", *columns.values(), box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in counts.iterrows():
        table.add_row(title(str(name)) or "No label", *(count_cell(key, row[key]) for key in columns))
    total = counts.sum()
    table.add_row("All", *(count_cell(key, total[key]) for key in columns), style="bold")
    console.print(table)
    findings = outcome.audit.findings
    undecided = findings[(findings["kind"] == "conflict") & (findings["verdict"] == "review")]["row"].nunique()
    if undecided:
        console.print(f"Out until you decide, because copies have other labels: {undecided:,}", highlight=False)
    assert outcome.cleaned_file is not None
    console.print(f"Train on it: hemascope train {shlex.quote(as_given(outcome.cleaned_file))}", **_WHOLE)
