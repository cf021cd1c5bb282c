"""Reading all images of a job, with a bar."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from hemascope.data.manifest import Manifest
from hemascope.data.pixels import Pixels, load_pixels


def read(manifest: Manifest, size: int, console: Console) -> Pixels:
    """The images of a Manifest, framed to ``size`` pixels, and its table with errors and identical images."""
    columns = (TextColumn("reading images"), BarColumn(bar_width=20), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(manifest))
        return load_pixels(manifest, size, progress=lambda done, _: progress.update(task, completed=done))
