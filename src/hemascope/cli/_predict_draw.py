"""What `hemascope predict` draws on a terminal, by rich."""

from collections.abc import Mapping, Sequence

from rich.table import Column, Table
from rich.text import Text

from hemascope.cells import title
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
