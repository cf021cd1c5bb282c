"""What `hemascope count` draws on a terminal, by rich."""

from rich.table import Table
from rich.text import Text

from hemascope.fields.totals import Totals
from hemascope.terminal import Console


def kinds(totals: Totals, *, stderr: bool) -> None:
    """Print how many cells of each kind were counted.

    Args:
        totals: the counts.
        stderr: where; else on stdout.
    """
    console = Console(stderr=stderr)
    table = Table("cells", "counted", "a field", box=None, header_style="bold", pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for row in totals.rows:
        table.add_row(*row)
    console.print(Text(f"{totals.read:,} field{'s' * (totals.read != 1)}", style="bold"))
    console.print(table)
