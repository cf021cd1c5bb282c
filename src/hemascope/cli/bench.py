"""Run a list of recipes and set them beside a report's figures."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.cli._cluster import GPUS, cores, place
from hemascope.data.kinds import LABELLED


def bench(
    source: Annotated[
        str | None,
        typer.Argument(help=f"{LABELLED} Where not given, those that the list names.", show_default=False),
    ] = None,
    *,
    recipe: Annotated[
        Path,
        typer.Option(
            "--recipe", "-r", metavar="LIST", help="Of recipes, such as benchmarks/report.yaml.", show_default=False
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Of the bench.", show_default="runs/bench-LIST"),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW",
            help="Run only this row; may be given again.",
            show_default=False,
        ),
    ] = None,
    on: Annotated[str | None, place("rows")] = None,
    cores_each: Annotated[int | None, cores("row")] = None,
    gpus_each: Annotated[float | None, GPUS] = None,
) -> None:
    """Train every row of a list, score all on the same held-out images, and write the tables.

    The folder gets bench.html, bench.md and bench.csv, and a Run a row. A bench
    that was stopped goes on with the same command: rows that are done are not
    repeated, a killed training goes on at its epoch, failed rows are tried again.

    Exit code 3: a row failed; the others were run.
    """
    from hemascope.bench.bench import bench as run
    from hemascope.cli._bench_show import bench_lines
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        found = run(
            source,
            recipe=recipe,
            output=output,
            only=only or (),
            on=on,
            cores_each=cores_each,
            gpus_each=gpus_each,
            progress=progress,
        )
    console = Console(highlight=False)
    for line in bench_lines(found.tables):
        console.print(line)
    console.print(f"Report: {found.page}", markup=False, soft_wrap=True)
    if found.failed:
        raise typer.Exit(3)
