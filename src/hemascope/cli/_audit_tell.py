"""What an audit says on the terminal."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hemascope.audit.findings import KIND_NAMES, images_by_kind
from hemascope.audit.run import Outcome
from hemascope.audit.verdicts import verdict_counts
from hemascope.cells import title
from hemascope.data.manifest import VERDICTS, Manifest
from hemascope.errors import HemascopeError
from hemascope.report.data_part import short_name

_WHOLE: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}  # lines to copy from the terminal


class AuditBar:
    """One bar on stderr for all steps; it goes away when done, and is not drawn where there is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._step = ""

    def __enter__(self) -> "AuditBar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, name: str, done: int, total: int | None) -> None:
        """Show how far a step is."""
        if name != self._step:
            for task in self._bar.task_ids:
                self._bar.remove_task(task)
            self._bar.add_task(name, total=total)
            self._step = name
        self._bar.update(self._bar.task_ids[-1], completed=done, total=total)

    def fetched(self, done: int, total: int | None) -> None:
        """Show how many bytes of a source are fetched."""
        self.step("fetching", done, total)


def known_kinds(text: str) -> tuple[str, ...]:
    """The kinds of a list with commas.

    Raises:
        HemascopeError: one that is not known.
    """
    kinds = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in kinds:
        if name not in KIND_NAMES:
            raise HemascopeError(f"--fail-on: no finding is of the kind {name!r}", f"Kinds: {', '.join(KIND_NAMES)}.")
    return kinds


def failures(findings: pd.DataFrame, kinds: Sequence[str], console: Console) -> int:
    """Say and count the images whose findings of these kinds are not settled by the verdict keep."""
    chosen = findings[findings["kind"].isin(kinds) & (findings["verdict"] != "keep")]
    images = int(chosen["row"].nunique())
    if images:
        counts = ", ".join(f"{name} {count:,}" for name, count in images_by_kind(chosen).items())
        console.print(f"Failed by --fail-on: {counts}", highlight=False)
    return images


def tell(outcome: Outcome, console: Console) -> None:
    """Counts by kind with an example each, the notes on the whole set, and whose verdicts they are."""
    audit = outcome.audit
    seconds = sum(audit.seconds.values())
    took = "taken up again" if outcome.reused else f"audited in {seconds:.0f} s"
    readable = int((audit.manifest.table["error"] == "").sum())
    name = escape(audit.manifest.name or "images")
    console.print(f"{name}: {len(audit.manifest):,} images, {readable:,} readable; {took}", highlight=False)
    if len(audit.findings):
        console.print(_kinds_table(audit.findings, audit.manifest))
    else:
        console.print("Nothing is wrong with them, as far as an audit can see.")
    for note in audit.notes:
        console.print(f"- {note}", markup=False, highlight=False)
    if outcome.edits:
        console.print(f"Verdicts of yours, which are kept: {outcome.edits:,}", highlight=False)


def _kinds_table(findings: pd.DataFrame, manifest: Manifest) -> Table:
    table = Table("finding", "images", *VERDICTS, "for example", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:5]:
        column.justify = "right"
    table.columns[5].no_wrap, table.columns[5].overflow = True, "ellipsis"
    for name, count in images_by_kind(findings).items():
        rows = findings[findings["kind"] == name]
        verdicts = rows["verdict"].value_counts()
        first = manifest.table.iloc[int(rows["row"].iloc[0])]
        shown = [f"{verdicts[verdict]:,}" if verdict in verdicts.index else "" for verdict in VERDICTS]
        table.add_row(name, f"{count:,}", *shown, escape(short_name(first["path"], first["member"])))
    return table


def tell_cleaned(manifest: Manifest, findings: pd.DataFrame, clean: Manifest, path: Path, console: Console) -> None:
    """The classes before and after, and where the cleaned Manifest is."""
    counts = verdict_counts(manifest, clean)
    table = Table("class", "before", "dropped", "after", "for review", box=None, header_style="bold", pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, row in counts.iterrows():
        table.add_row(
            title(str(name)) or "No label", *(f"{count:,}" for count in row[["before", "dropped", "after", "review"]])
        )
    total = counts.sum()
    table.add_row("All", *(f"{total[key]:,}" for key in ("before", "dropped", "after", "review")), style="bold")
    console.print(table)
    undecided = findings[(findings["kind"] == "conflict") & (findings["verdict"] == "review")]["row"].nunique()
    if undecided:
        console.print(f"Out until you decide, because copies have other labels: {undecided:,}", highlight=False)
    console.print(f"Train on it: hemascope train {shlex.quote(str(path))}", **_WHOLE)


def tell_next(page: Path, table: Path, command: str, console: Console) -> None:
    """Where the results are, and the command that applies the verdicts."""
    console.print(f"Page: {page}", **_WHOLE)
    console.print(f"Verdicts: {table} (change any to keep, drop or review)", **_WHOLE)
    if command:
        console.print(f"Then: {command}", **_WHOLE)
