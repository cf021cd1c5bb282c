"""Write the report of a Run: one HTML page."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a Run, or of hemascope evaluate -o.", show_default=False)],
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Measure the predictions again instead of using metrics.json.")
    ] = False,
) -> None:
    """Write report.html into the folder of a Run: scores with intervals, mistakes, data, model.

    One file that asks for nothing from outside: send it, print it, open it on a phone.
    """
    from hemascope.report.page import write_report
    from hemascope.terminal import Console

    page = write_report(run, recompute=recompute)
    Console().print(f"Report: {page}", markup=False, soft_wrap=True)
