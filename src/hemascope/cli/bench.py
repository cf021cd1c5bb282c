"""Run a list of recipes and set them beside a report's figures."""

from pathlib import Path
from typing import Annotated

import typer


def bench(
    file: Annotated[Path, typer.Argument(help="The bench file, such as benchmarks/report.yaml.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of the bench; runs/bench-FILE if not given.", show_default=False),
    ] = None,
    source: Annotated[str, typer.Option(help="Labelled images instead of the file's own.", show_default=False)] = "",
    only: Annotated[
        list[str] | None, typer.Option(metavar="ROW", help="Run only this row; may be given again.", show_default=False)
    ] = None,
) -> None:
    """Train every row of FILE, score all on the same held-out images, and write the tables.

    The folder gets bench.html, bench.md and bench.csv, and a Run a row. A bench
    that was stopped goes on with the same command: rows that are done are not
    repeated, a killed training goes on at its epoch, failed rows are tried again.

    Exit code 3: a row failed; the others were run.
    """
    import shlex

    from rich.console import Console

    from hemascope.bench.data import prepare
    from hemascope.bench.file import load_bench
    from hemascope.bench.page import write_bench
    from hemascope.bench.runner import run_bench
    from hemascope.bench.tables import tables
    from hemascope.cli._bench_show import bench_lines

    console = Console()
    chosen = load_bench(file, source=source)
    folder = output or Path("runs") / f"bench-{file.stem}"
    planned = run_bench(chosen, folder, console, only=only or ())
    found = tables(planned)
    # The last parts alone: a page that is passed on need not tell of folders.
    named = f" --source {shlex.quote(Path(source).name)}" if source else ""
    command = f"hemascope bench {shlex.quote(str(file))}{named} -o {shlex.quote(folder.name)}"
    page = write_bench(folder, chosen, found, prepare(chosen, folder, console), command)
    for line in bench_lines(found):
        console.print(line, highlight=False)
    console.print(f"Report: {page}", markup=False, highlight=False, soft_wrap=True)
    if any(outcome and not outcome.done for part in planned for outcome in [part.outcome]):
        raise typer.Exit(3)
