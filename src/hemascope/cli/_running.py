"""What commands share that start quickly and can be stopped on the way: the bar, Ctrl-C, and numbers as options."""

import argparse
import contextlib
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.data.remote.url import named

if TYPE_CHECKING:
    from hemascope.progress import Progress


def bar() -> "contextlib.AbstractContextManager[Progress]":
    """The bar; rich is imported only where there is a terminal to draw on."""
    from hemascope.progress import SILENT, Terminal

    return Terminal() if sys.stderr.isatty() else contextlib.nullcontext(SILENT)


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets, so that the run ends in order; the second one ends the process at once."""
    from hemascope.serve.ending import Ending

    stop = threading.Event()
    former = signal.signal(signal.SIGINT, lambda *_: stop.set())
    ending = Ending(None, [signal.SIGINT], _show_cursor)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, former)
        ending.call_off()


def go_on() -> str:
    """The command that goes on with this one."""
    given = (named(part) for part in sys.argv[1:] if part not in ("--resume", "--overwrite"))
    return f"Go on with: {shlex.join(['hemascope', *given])} --resume"


def positive(text: str) -> int:
    """An option that is a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """The options that send a command to a cluster."""
    parser.add_argument(
        "--on",
        metavar="CLUSTER",
        help="Where to run: ray, or the address of a Ray cluster, ray://HOST:10001. [here]",
    )
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="With --on: workers of one core, or GPU, each. [all there are]"
    )


@contextlib.contextmanager
def unheard(on: str | None) -> Iterator[None]:
    """Keep off stdout what Ray prints there, whatever it is told, of machines that are lost."""
    if on is None:
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def _show_cursor() -> None:
    if os.isatty(2):
        os.write(2, b"\x1b[?25h\n")  # a bar hides it
