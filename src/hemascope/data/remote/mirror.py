"""Folders elsewhere: made on this machine, in the cache, and put there by files, so that another machine can go on."""

import contextlib
import functools
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from hemascope.data.named import cache_folder
from hemascope.data.remote.delivery import OUTPUTS, name_as_given, staged
from hemascope.data.remote.url import is_url, named
from hemascope.data.visible import is_visible
from hemascope.errors import HemascopeError, SourceError, WriteError
from hemascope.files import write_text
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    from hemascope.data.remote.reading import About

_FOR, _PUT, _OVER = ".for", ".put", ".over"  # beside what is made: where it goes, what of it is there, that all is
_FETCHING = ".fetching-"
_LAST = ("last.ckpt", "run.json")  # say that what lies with them is whole, so they are put behind it
_SHARE = 0.1  # of the time, at most, in which what is made so far is put there

P = ParamSpec("P")
T = TypeVar("T")


class _Put(NamedTuple):
    """A file that is elsewhere: its size and time (ns) here, and its version there; "" while it is on its way."""

    size: int = -1
    time: int = -1
    version: str = ""


class Mirror:
    """A folder in the cache and its copy elsewhere, which one machine at a time writes.

    A file is there whole or not at all, since stores show no part of one. What was put is written down beside the
    folder: so another machine's files are told from this one's own, and nothing is put twice.

    Args:
        url: of the copy.
        command: that goes on with it by ``--resume``, where one does.
        progress: told what is fetched and put.
    """

    def __init__(self, url: str, command: str = "", progress: Progress = SILENT) -> None:
        self.url, self.progress = named(url).rstrip("/"), progress
        self.folder = staged(self.url)
        self.go_on = f"{command} --resume {self.url}" if command else ""
        self._record, self._over = self.folder.with_name(_PUT), self.folder.with_name(_OVER)
        self._grows, self._next = False, 0.0

    def begin(self) -> None:
        """Make ready for a new folder.

        Raises:
            SourceError: there is something already, or what was made earlier waits here.
        """
        from hemascope.data.remote.writing import is_there

        go_on = f"Go on with it: {self.go_on}; or" if self.go_on else ""
        if is_there(self.url):
            raise SourceError(
                f"{self.url}: exists already", f"{go_on} give another name." if go_on else "Give another name."
            )
        if self.folder.exists() and not self._over.exists():
            raise SourceError(
                f"{self.url}: what an earlier run made for it waits in {self.folder}",
                f"{go_on or 'Copy it there yourself, or'} delete it.",
            )
        shutil.rmtree(self.folder.parent, ignore_errors=True)

    def take(self, mark: str) -> bool:
        """Make ready to go on with what is here or, where another machine has written since, with what is there.

        Args:
            mark: name of a file without which the folder there is not taken up.

        Returns:
            Whether there is anything to go on with.

        Raises:
            SourceError: it cannot be fetched, or is written meanwhile.
        """
        there = self._there(mark)
        put = {name: one for name, one in self._read().items() if name in there}  # the others are to be put anew
        ours = all(name in put and put[name].version in ("", found.version) for name, found in there.items())
        if there and not (ours and self.folder.is_dir()):
            self._fetch(there, mark)
        elif self.folder.is_dir():
            self._write(put)
        return self.folder.is_dir()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Path]:
        """Make the folder; in the end all that is new in it is put there, also after an error where it `grows`.

        Raises:
            SourceError: it cannot be put there; it stays here.
        """
        write_text(self.folder.with_name(_FOR), f"{self.url}\n")
        self._over.unlink(missing_ok=True)
        token = _AT_WORK.set(self)
        try:
            yield self.folder
        except BaseException as problem:
            if self._grows:
                with contextlib.suppress(SourceError):
                    self.put()
            if isinstance(problem, HemascopeError) and not isinstance(problem, WriteError):
                name_as_given(problem, str(self.folder), self.url)
            raise
        finally:
            _AT_WORK.reset(token)
            if not self.folder.exists():
                shutil.rmtree(self.folder.parent, ignore_errors=True)
        try:
            self.put()
        except SourceError as problem:
            later = f"Then {self.go_on} puts it there" if self.go_on else "Then copy it there yourself"
            raise SourceError(
                f"{problem.problem}; it is finished, and kept in {self.folder}", f"{problem.remedy} {later}.".lstrip()
            ) from None
        self._over.touch()
        self.progress.say(f"All of it is at {self.url}; a copy stays in {self.folder}")

    def so_far(self, within: Path | None = None) -> None:
        """Put there what is made so far, unless that was done lately; what fails is said, and tried again later.

        Args:
            within: only this folder in it, and whenever that was done before.
        """
        self._grows = True
        begun = time.monotonic()
        if within is None and begun < self._next:
            return
        try:
            self.put(within)
        except SourceError as problem:
            self.progress.say(f"{problem}: what is made stays here, and is put there later")
        self._next = begun + (time.monotonic() - begun) / _SHARE

    def put(self, within: Path | None = None) -> None:
        """Put there what is new or has changed, a file after the other, those of ``_LAST`` at the end.

        Raises:
            RemoteError: it cannot be written.
        """
        from hemascope.data.remote.writing import put

        done = self._read()
        new = self._new(within or self.folder)
        for name in sorted(new, key=lambda name: (name.rpartition("/")[2] in _LAST, name)):
            self._write(done | {name: _Put()})  # should this process end now, it was none of another machine's
            version = put(self.folder / name, f"{self.url}/{name}")
            done[name] = new[name]._replace(version=version)
            self._write(done)

    def _new(self, folder: Path) -> dict[str, _Put]:
        """The files below a folder that are not there as they are here, by their names below the whole one."""
        put, found = self._read(), {}
        for path in folder.rglob("*"):
            inside = path.relative_to(self.folder)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                about = path.stat()
                now = _Put(about.st_size, about.st_mtime_ns)
                if put.get(inside.as_posix(), _Put())[:2] != now[:2]:
                    found[inside.as_posix()] = now
        return found

    def _there(self, mark: str) -> "dict[str, About]":
        """What the store says of each file there, by its name; none where the mark is missing."""
        from hemascope.data.remote.listing import walk
        from hemascope.data.remote.pool import readers
        from hemascope.data.remote.reading import about, is_file

        if not is_file(f"{self.url}/{mark}"):
            return {}
        found = list(walk(self.url, is_visible))
        for one in found:
            if one.error:
                raise SourceError(one.error)
        paths = [one.path for one in found]
        told = zip(paths, readers().map(about, paths), strict=True)
        return {path.removeprefix(f"{self.url}/"): one for path, one in told}

    def _fetch(self, there: "dict[str, About]", mark: str) -> None:
        """Replace what is here by what is there; what was not put there is kept beside it."""
        from hemascope.data.remote.copy import fetch

        size = sum(found.size or 0 for found in there.values())
        self.progress.step(f"fetching {len(there):,} files, {size / 1e6:,.1f} MB, from {self.url}", len(there))
        parent = self.folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        for left in parent.glob(f"{_FETCHING}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=_FETCHING) as temporary:
            new = Path(temporary, self.folder.name)
            for count, (name, found) in enumerate(there.items(), start=1):
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                fetch(f"{self.url}/{name}", found, new / name)
                self.progress.done(count)
            if self._there(mark) != there:
                raise SourceError(
                    f"{self.url}: has changed while it was fetched", "Let the machine that writes it end, then repeat."
                )
            if self.folder.exists():
                before = self.folder.with_name(f"{self.folder.name}.before")
                shutil.rmtree(before, ignore_errors=True)
                self.folder.rename(before)
                self.progress.say(f"another machine has written {self.url} since: what was made here is in {before}")
            new.rename(self.folder)
        self._write({})
        self._write({name: one._replace(version=there[name].version) for name, one in self._new(self.folder).items()})
        self.progress.say(f"fetched {len(there):,} files, {size / 1e6:,.1f} MB, from {self.url}")

    def _read(self) -> dict[str, _Put]:
        try:
            return {name: _Put(*one) for name, one in json.loads(self._record.read_text(encoding="utf-8")).items()}
        except FileNotFoundError:
            return {}

    def _write(self, put: dict[str, _Put]) -> None:
        write_text(self._record, json.dumps(put))


_AT_WORK: ContextVar[Mirror | None] = ContextVar("mirror", default=None)


def put_so_far(within: Path | None = None) -> None:
    """Put what a job has made so far where it goes, if that is elsewhere; at most a tenth of the time goes into it.

    Args:
        within: only this folder, whenever it was done before: what other processes write beside it may not be whole.
    """
    mirror = _AT_WORK.get()
    if mirror is not None:
        mirror.so_far(within)


def as_given(path: Path) -> str:
    """A path as the user named it: by its URL where it lies in a folder that is made for elsewhere.

    >>> as_given(Path("runs/mine"))
    'runs/mine'
    """
    outputs = cache_folder() / OUTPUTS
    place, name, *inside = (*path.absolute().parts[len(outputs.parts) :], "", "")
    mark = outputs / place / _FOR
    if not name or not path.absolute().is_relative_to(outputs) or not mark.is_file():
        return str(path)
    return "/".join([mark.read_text(encoding="utf-8").strip(), *filter(None, inside)])


def into_folder(command: str = "", *, takes_up: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a job whose ``output`` is a folder have one elsewhere; what it made stays in the cache as well.

    Args:
        command: that goes on with an interrupted one by ``--resume``, where one does.
        takes_up: name of a file by which the job tells a folder of its own, into which it may go again.
    """

    def wrap(job: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(job)
        def run(*given: P.args, **options: P.kwargs) -> T:
            output: Any = options.get("output")
            if not is_url(str(output)):
                return job(*given, **options)
            from hemascope.data.remote.writing import check_writable

            progress: Any = options.get("progress", SILENT)
            mirror = Mirror(str(output), command, progress)
            check_writable(mirror.url)
            if not takes_up or not mirror.take(takes_up):
                mirror.begin()
            with mirror.at_work() as folder:
                return job(*given, **{**options, "output": folder})  # type: ignore[arg-type]

        return run

    return wrap


@contextlib.contextmanager
def taken_up(folder: str | Path, command: str, mark: str, progress: Progress) -> Iterator[Path]:
    """The folder of a job that was interrupted, here or on another machine; in the end it is where it belongs.

    Args:
        folder: its path, in the cache too, or the URL that it goes to.
        command: that goes on with it by ``--resume``.
        mark: name of a file without which what is there is none.
        progress: told what is fetched and put.

    Raises:
        SourceError: nothing of it is here or there.
    """
    from hemascope.data.remote.writing import check_writable

    url = str(folder) if is_url(str(folder)) else as_given(Path(folder))
    if not is_url(url):
        yield Path(folder)
        return
    mirror = Mirror(url, command, progress)
    check_writable(mirror.url)
    if not mirror.take(mark):
        raise SourceError(f"{mirror.url}: no {mark} is there, and none was begun here", "Check it, or begin with -o.")
    with mirror.at_work() as path:
        yield path
