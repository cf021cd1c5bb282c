"""Progress that remembers what it was told."""


class Told:
    """Remembers steps as (name, total), counts as they come and the totals beside them, and lines."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []
        self.counts: list[int] = []
        self.totals: set[int | None] = set()
        self.lines: list[str] = []

    def step(self, name: str, total: int | None = None) -> None:
        """Remember a step."""
        self.steps.append((name, total))

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """Remember a count."""
        self.counts.append(count)
        self.totals.add(total)

    def say(self, message: str) -> None:
        """Remember a line."""
        self.lines.append(message)
