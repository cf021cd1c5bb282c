"""One progress for what several threads do side by side."""

import threading

from hemascope.progress import Progress


class Joint:
    """One bar for what is done side by side: how many are over, and where those are that still run.

    Args:
        progress: what shows it; it is told by one thread at a time.
        what: is counted.
        total: how many there are.
    """

    _SHOWN = 2  # named in the bar, of those at work

    def __init__(self, progress: Progress, what: str, total: int) -> None:
        self._progress, self._total, self._over = progress, total, 0
        progress.step(what, total)
        self._lock = threading.Lock()
        self._states: dict[int, str] = {}

    def part(self) -> Progress:
        """The progress of one of them."""
        return _Part(self, len(self._states))

    def over(self, count: int) -> None:
        """So many are over."""
        with self._lock:
            self._over = count
            self._show()

    def say(self, message: str) -> None:
        """A line of one of them."""
        with self._lock:
            self._progress.say(message)

    def at(self, number: int, state: str) -> None:
        """Where one of them is; empty where it does not run."""
        with self._lock:
            self._states[number] = state
            self._show()

    def _show(self) -> None:
        working = [state for _, state in sorted(self._states.items()) if state]
        more = f" and {len(working) - self._SHOWN} more" if len(working) > self._SHOWN else ""
        self._progress.done(self._over, self._total, note=", ".join(working[: self._SHOWN]) + more)


class _Part:
    """The progress of one of several that run side by side."""

    def __init__(self, whole: Joint, number: int) -> None:
        self._whole, self._number, self._name = whole, number, ""
        whole.at(number, "")

    def step(self, name: str, total: int | None = None) -> None:
        self._name = name
        self._whole.at(self._number, name)

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        count_of = f"{count}/{total}" if total else ""
        self._whole.at(self._number, f"{self._name} {note or count_of}".strip())

    def say(self, message: str) -> None:
        self._whole.say(message)
