"""A `Progress` that remembers what was reported to it."""

from hemascope.progress import Silent


class Reported(Silent):
    """Collects (count, total) of what was done, and the names of the steps."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.seen: list[tuple[int, int | None]] = []

    def step(self, name: str, total: int | None = None) -> None:
        self.steps.append(name)

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        self.seen.append((count, total))
