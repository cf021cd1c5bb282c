"""Outputs elsewhere: made on this machine, in the cache, and put there as a whole when they are finished."""

import contextlib
import functools
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, Protocol, TypeVar

from hemascope.data.named import cache_folder
from hemascope.data.remote.url import SCHEMES, is_url, named, parts_of
from hemascope.data.visible import is_visible
from hemascope.errors import HemascopeError, SourceError

OUTPUTS = "outputs"
"""Folder of the cache for what is made here for elsewhere."""


class Ended(Protocol):
    """How a job ended that can be interrupted and gone on with."""

    @property
    def complete(self) -> bool:
        """Whether its output is written."""


P = ParamSpec("P")
T = TypeVar("T")
E = TypeVar("E", bound=Ended)


@dataclass
class Delivery:
    """An output while it is made.

    Attributes:
        path: where it is made: the output itself, or a path in the cache that stands for one elsewhere.
        complete: whether it is to be put there at the end; set to False, it stays where it is made.
    """

    path: Path
    complete: bool = True


def staged(url: str) -> Path:
    """Where an output elsewhere is made: a path of its own in the cache, which ends in the same name.

    >>> staged("s3://bucket/out/cells.csv").name
    'cells.csv'
    """
    name = named(url).rstrip("/")
    place = hashlib.sha256(name.encode()).hexdigest()[:16]
    return cache_folder() / OUTPUTS / place / (parts_of(name).path.rpartition("/")[2] or "output")


def here(output: str | Path) -> Path:
    """The path of an output that can only be made on this machine.

    Raises:
        HemascopeError: it is a URL, also one that was taken for a path, which has lost a slash.

    >>> here("s3://bucket/a")
    Traceback (most recent call last):
    hemascope.errors.HemascopeError: s3://bucket/a: this is written on this machine only. Name a path, and copy it then.
    """
    if url := elsewhere(output):
        raise HemascopeError(f"{url}: this is written on this machine only", "Name a path, and copy it then.")
    return Path(output)


def elsewhere(path: str | Path) -> str:
    """The URL that something is, also one that was taken for a path and so has lost a slash; "" where it is none.

    >>> elsewhere(Path("s3://bucket/a")), elsewhere("runs/mine")
    ('s3://bucket/a', '')
    """
    text = str(path)
    scheme, colon, rest = text.partition(":/")
    if not is_url(text) and not (colon and scheme in SCHEMES):
        return ""
    return named(f"{scheme}://{rest.lstrip('/')}")


@contextlib.contextmanager
def delivered(
    output: str | Path,
    *,
    again: bool = False,
    resume: bool = False,
    beside: Iterable[str] = (),
) -> Iterator[Delivery]:
    """Make a file, or a folder, and put it where it belongs: at once on this machine, at the end elsewhere.

    What an interrupted or failed job, or a failed delivery, has made stays in the cache, and is gone on with there. A
    folder that another machine may go on with is for `hemascope.data.remote.mirror`.

    Args:
        output: a path or a URL.
        again: whether what is there already may be replaced.
        resume: whether to go on with what is in the cache.
        beside: names of further files that will be made beside it.

    Raises:
        SourceError: there is something already, or what was made earlier waits in the cache.
        RemoteError: it cannot be put there.
    """
    if not is_url(str(output)):
        yield Delivery(Path(output))
        return
    from hemascope.data.remote import writing

    url = named(str(output)).rstrip("/")
    local, above = staged(url), url.rpartition("/")[0]
    writing.check_writable(url)
    for place in (url, *(f"{above}/{name}" for name in beside)):
        if not (again or resume) and writing.is_there(place):
            raise SourceError(f"{place}: exists already", "Give another name, or --overwrite to replace it.")
    if local.exists() and not (again or resume):
        raise SourceError(
            f"{url}: what an earlier run made for it waits in {local}",
            "Go on by --resume, or start anew by --overwrite; or delete it.",
        )
    local.parent.mkdir(parents=True, exist_ok=True)
    delivery = Delivery(local)
    try:
        yield delivery
    finally:
        if not any(local.parent.iterdir()):  # where nothing was made, nothing is left
            shutil.rmtree(local.parent, ignore_errors=True)
    if not delivery.complete:
        return
    try:
        if local.is_dir():
            writing.put_folder(local, url)
        elif local.exists():
            for name in (*beside, local.name):  # the output last: who waits for it finds all
                if (local.parent / name).is_file():
                    writing.put(local.parent / name, f"{above}/{name}" if name != local.name else url)
    except SourceError as problem:
        raise SourceError(
            f"{problem.problem}; it is finished, and kept in {local}",
            f"{problem.remedy} Then the same command with --resume puts it there, or copy it yourself.".lstrip(),
        ) from None
    shutil.rmtree(local.parent, ignore_errors=True)


def anywhere(beside: str) -> Callable[[Callable[P, E]], Callable[P, E]]:
    """Let a job into ``output`` have one elsewhere: made in the cache, where an interrupted one is gone on with.

    Args:
        beside: the name of a file that the job makes beside its output, where its argument of that name is true; a
            folder has its files within.
    """

    def wrap(job: Callable[P, E]) -> Callable[P, E]:
        @functools.wraps(job)
        def run(*given: P.args, **options: P.kwargs) -> E:
            output: Any = options.get("output")
            if not is_url(str(output)):
                return job(*given, **options)
            resume, overwrite = bool(options.get("resume")), bool(options.get("overwrite"))
            more = [f"{beside}.csv"] if options.get(beside) else []
            with delivered(output, again=overwrite, resume=resume, beside=more) as delivery:
                fetched = resume and not any(delivery.path.parent.iterdir()) and _fetched(str(output), delivery.path)
                try:
                    done = job(*given, **{**options, "output": delivery.path})  # type: ignore[arg-type]
                except HemascopeError as problem:
                    if not any(delivery.path.parent.iterdir()):  # of what was not begun, nothing is here
                        name_as_given(problem, str(delivery.path), named(str(output)))
                    raise
                delivery.complete = done.complete and not fetched
            if fetched:
                shutil.rmtree(delivery.path.parent, ignore_errors=True)
            return done

        return run

    return wrap


def name_as_given(problem: HemascopeError, local: str, url: str) -> None:
    """Have an error name the output as the user did."""
    problem.problem, problem.remedy = (text.replace(local, url) for text in (problem.problem, problem.remedy))
    problem.args = (str(problem).replace(local, url),)


def _fetched(url: str, to: Path) -> bool:
    """Copy a finished output, to be held against what is asked for; whether there was one."""
    from hemascope.data.remote.copy import fetch
    from hemascope.data.remote.listing import walk
    from hemascope.data.remote.reading import about
    from hemascope.data.remote.writing import is_there

    if not is_there(url):
        return False
    whole = about(url).is_folder
    for name in [found.path for found in walk(url, is_visible)] if whole else [named(url)]:
        path = to / name.removeprefix(f"{named(url).rstrip('/')}/") if whole else to
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch(name, about(name), path)
    return True
