"""What `hemascope predict` draws on a terminal, by rich."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from hemascope.cells import title
from hemascope.shown import visible
from hemascope.terminal import Console

_NARROW = 0.5
"""Below this confidence an answer is drawn dim: another class may be as likely."""


def table(first: Sequence[tuple[str, str, float, bool]], counts: Mapping[str, int], classes: Sequence[str]) -> None:
    """Print the images one by one where they are few, and the number of images a class.

    Args:
        first: name, class and confidence of the images, and whether an image is probably none of the classes.
        counts: images by class.
        classes: all classes, in their order.
    """
    console = Console()
    if first:
        images = Table("image", "class", "confidence", box=None, header_style="bold", pad_edge=False)
        images.columns[0].overflow = "fold"
        images.columns[2].justify = "right"
        for path, label, confidence, unknown in first:
            name = f"none of these? ({title(label)})" if unknown else title(label)
            style = "dim" if unknown or confidence < _NARROW else ""
            images.add_row(Text(visible(path)), name, f"{confidence:.3f}", style=style)
        console.print(images)
    total = sum(counts.values())
    if total < 2:
        return
    summary = Table("class", "images", "share", box=None, header_style="bold", pad_edge=False)
    summary.columns[1].justify = summary.columns[2].justify = "right"
    for name in classes:
        summary.add_row(
            title(name), f"{counts[name]:,}", f"{counts[name] / total:.1%}", style="" if counts[name] else "dim"
        )
    console.print()
    console.print(summary)
