"""Near duplicates in one group, so that no split has an image on one side and its copy on the other."""

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hemascope.audit.duplicates.groups import joined
from hemascope.audit.duplicates.search import IDENTICAL, near_duplicates
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import Pixels


def with_copies_together(pixels: Pixels, console: Console) -> Manifest:
    """The Manifest with near duplicates in one ``group``; takes a second for 1,000 images."""
    manifest = pixels.manifest
    columns = (TextColumn("looking for copies"), BarColumn(bar_width=20))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        pairs = near_duplicates(
            pixels.images,
            manifest.usable.to_numpy(),
            progress=lambda _, done, total: progress.update(task, completed=done, total=total),
        )
    group = joined(manifest.table["group"].to_numpy(np.int64), pairs)
    near = group[[pair.first for pair in pairs if pair.relation != IDENTICAL]]
    if len(near):
        console.print(
            f"near duplicates: {int(np.isin(group, near).sum()):,} images in {len(np.unique(near)):,} groups, kept on "
            "one side of every split",
            highlight=False,
        )
    return manifest.with_columns(group=group)
