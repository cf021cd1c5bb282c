"""The bench: a list of recipes, each trained, all scored on the same held-out images, beside a report's figures."""

import html
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hemascope.bench.data import prepare
from hemascope.bench.file import load_bench
from hemascope.bench.page import write_bench
from hemascope.bench.runner import Planned, plan, run_rows
from hemascope.bench.tables import TITLES, BenchTable, rows_of, tables
from hemascope.data.remote.delivery import here
from hemascope.engine.where import Where
from hemascope.errors import HemascopeError, did_you_mean
from hemascope.progress import SILENT, Progress
from hemascope.shown import table


@dataclass(frozen=True)
class BenchResult:
    """What a bench has found so far.

    Attributes:
        rows: all rows of the list; what became of each is its ``outcome``.
        tables: the report's tables that have rows.
        page: bench.html; bench.md and bench.csv are beside it.
    """

    rows: tuple[Planned, ...]
    tables: tuple[BenchTable, ...]
    page: Path

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the rows that were tried and are not done."""
        outcomes = [(part.row.name, part.outcome) for part in self.rows]
        return tuple(name for name, outcome in outcomes if outcome and not outcome.done)

    def _repr_html_(self) -> str:
        """What a notebook shows: the tables, and where the page is."""
        shown = [table(*rows_of(found), TITLES[found.name]) for found in self.tables]
        page = html.escape(str(self.page))
        return "".join(shown) + f'<p>Report: <a href="{page}">{page}</a></p>'


def bench(
    source: str | Path | None = None,
    *,
    recipe: str | Path,
    output: str | Path | None = None,
    only: Collection[str] = (),
    on: str | None = None,
    cores_each: int | None = None,
    gpus_each: float | None = None,
    progress: Progress = SILENT,
) -> BenchResult:
    """Train every row of a list of recipes, score all on the same held-out images, and write the tables.

    A bench that was stopped goes on with the same call: rows that are done are not repeated, a killed training goes
    on at its epoch, failed rows are tried again.

    Args:
        source: labelled images; those that the list names where not given.
        recipe: the list, a YAML file such as benchmarks/report.yaml.
        output: folder of the bench; runs/bench-LIST where not given.
        only: names of the rows to run; all where none is named.
        on: run the rows side by side on a Ray cluster, "ray" or its address; its machines share ``output`` and the
            images.
        cores_each: cores of each row there; the cluster's divided among them where not given.
        gpus_each: GPUs of each row, also a part of one; one where the cluster has any.
        progress: what it reports to.

    Raises:
        HemascopeError: the bench cannot be begun. A row that fails raises nothing.
    """
    file, where = Path(recipe), Where(on, cores_each, gpus_each)
    where.check()
    chosen = load_bench(file, source="" if source is None else str(source))
    folder = Path("runs") / f"bench-{file.stem}" if output is None else here(output)
    names = [row.name for row in chosen.rows]
    for name in only:
        if name not in names:
            raise HemascopeError(
                f"--only {name}: no such row.{did_you_mean(name, names)}", f"Rows: {', '.join(names)}."
            )
    planned = plan(chosen, folder)
    held_out = prepare(chosen, folder, progress=progress)
    progress.say(f"{held_out.trained_on:,} images to train on, {len(held_out.rows):,} held out")
    try:
        run_rows(chosen, planned, held_out, folder, only=only, where=where, progress=progress)
    except KeyboardInterrupt:
        progress.say("The whole bench goes on with the same command.")
        raise
    found = tables(planned)
    page = write_bench(folder, chosen, found, held_out, _command(source, file, folder))
    return BenchResult(tuple(planned), tuple(found), page)


def _command(source: str | Path | None, file: Path, folder: Path) -> str:
    """What runs it again; the last parts of paths alone, since a page that is passed on need not tell of folders."""
    named = "" if source is None else f"{shlex.quote(Path(source).name)} "
    return f"hemascope bench {named}-r {shlex.quote(str(file))} -o {shlex.quote(folder.name)}"
