"""What `hemascope predict` draws on a terminal, by rich."""

from collections.abc import Mapping, Sequence

from rich.table import Column, Table
from rich.text import Text

from hemascope.cells import title
from hemascope.predict.differential.differential import Differential
from hemascope.predict.rows import APPEARANCE, Layout
from hemascope.shown import visible
from hemascope.terminal import Console

_NARROW = 0.5
"""Below this confidence an answer is drawn dim: another class may be as likely."""


def table(first: Sequence[tuple[str, str, float, bool, str]], counts: Mapping[str, int], layout: Layout) -> None:
    """Print the images one by one where they are few, and the number of images a class.

    Args:
        first: name, class and confidence of the images, whether an image is probably none of the classes, and what is
            seen of it.
        counts: images by class.
        layout: all classes, in their order, and whether attributes were asked for.
    """
    console = Console()
    if first:
        columns = [Column("image", overflow="fold"), Column("class"), Column("confidence", justify="right")]
        columns += [Column(APPEARANCE)] if layout.attributes else []
        images = Table(*columns, box=None, header_style="bold", pad_edge=False)
        for path, label, confidence, unknown, seen in first:
            name = f"none of these? ({title(label)})" if unknown else title(label)
            style = "dim" if unknown or confidence < _NARROW else ""
            cells = (Text(visible(path)), name, f"{confidence:.3f}", Text(visible(seen)))
            images.add_row(*cells[: len(columns)], style=style)
        console.print(images)
    total = sum(counts.values())
    if total < 2:
        return
    summary = Table("class", "images", "share", box=None, header_style="bold", pad_edge=False)
    summary.columns[1].justify = summary.columns[2].justify = "right"
    for name in layout.classes:
        summary.add_row(
            title(name), f"{counts[name]:,}", f"{counts[name] / total:.1%}", style="" if counts[name] else "dim"
        )
    console.print()
    console.print(summary)


def differential(found: Differential, *, stderr: bool) -> None:
    """Print a differential count and what to know of it.

    Args:
        found: the count.
        stderr: where; else on stdout.
    """
    console = Console(stderr=stderr)
    lines = Table(*found.headings, box=None, header_style="bold", pad_edge=False)
    for column in lines.columns[1:]:
        column.justify = "right"
    for row in found.rows:
        lines.add_row(*row, style="" if row[1] != "0" else "dim")
    console.print()
    console.print(Text(found.heading, style="bold"))
    console.print(lines)
    for note in found.notes:
        console.say(note)
