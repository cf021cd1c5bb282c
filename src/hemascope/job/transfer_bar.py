"""A progress bar for what is fetched from elsewhere."""

from rich.console import Console
from rich.progress import Progress


class TransferBar:
    """A progress bar that appears only when bytes are fetched."""

    def __init__(self, console: Console) -> None:
        self.bar = Progress(console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> "TransferBar":
        return self

    def __call__(self, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` bytes are here."""
        if not self.bar.task_ids:
            self.bar.start()
            self.bar.add_task("fetching", total=total)
        self.bar.update(self.bar.task_ids[0], completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
