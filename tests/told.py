"""A Progress that keeps what it was told, for the tests of those who tell it."""


class Told:
    """Remembers.

    Attributes:
        steps: name and total of each step, in order.
        counts: name of the step, how much of it was done, and of how much, in order.
        said: the messages.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []
        self.counts: list[tuple[str, int, int | None]] = []
        self.said: list[str] = []

    def step(self, name: str, total: int | None = None) -> None:
        self.steps.append((name, total))

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        name, known = self.steps[-1]
        self.counts.append((name, count, known if total is None else total))

    def say(self, message: str) -> None:
        self.said.append(message)
