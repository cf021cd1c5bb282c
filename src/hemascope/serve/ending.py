"""The end of a process within a bound: whatever its threads are busy with."""

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable
from types import FrameType

_CODES = {signal.SIGTERM: 0, signal.SIGINT: 130}


class Ending:
    """From the first SIGTERM or Ctrl-C on the process has so many seconds; a Ctrl-C after that ends it at once.

    An orderly end waits for threads, and a thread that decodes a hostile image cannot be told to stop.
    The handlers that are there are called too. To be made in the main thread.

    Args:
        seconds: from the signal to the end; None for as long as it takes.
        signals: those that begin it.
        last: called before the process is ended so; may not wait for anything.
    """

    def __init__(
        self,
        seconds: float | None,
        signals: Iterable[signal.Signals] = tuple(_CODES),
        last: Callable[[], object] = lambda: None,
    ) -> None:
        self._seconds = seconds
        self._last = last
        self._heard, self._said = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="hemascope-ending", daemon=True)
        self._thread.start()
        for number in signals:
            self._listen(number)

    def call_off(self) -> None:
        """The process goes on: what was to end has ended in time."""
        said, self._said = self._said, -1
        os.close(said)
        self._thread.join()
        os.close(self._heard)

    def _listen(self, number: signal.Signals) -> None:
        before = signal.getsignal(number)

        def handle(got: int, frame: FrameType | None) -> None:
            with contextlib.suppress(OSError):  # called off
                os.write(self._said, bytes([got]))  # a signal comes at any moment: no lock may be taken here
            if callable(before):
                before(got, frame)

        signal.signal(number, handle)

    def _watch(self) -> None:
        first = os.read(self._heard, 1)
        if not first:
            return
        until = None if self._seconds is None else time.monotonic() + self._seconds
        while select.select([self._heard], [], [], until and max(until - time.monotonic(), 0))[0]:
            more = os.read(self._heard, 1)
            if not more:
                return
            if more[0] == signal.SIGINT:
                break
        self._last()
        os._exit(_CODES[signal.Signals(first[0])])
