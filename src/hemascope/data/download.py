"""Fetching a file of known content, across broken and stalled connections."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path

from hemascope.errors import SourceError
from hemascope.files import writing
from hemascope.progress import SILENT, Progress

_CHUNK = 1 << 20
_CACHE = "HEMASCOPE_CACHE names another folder for what is fetched."
_FOR_NOW = {408, 425, 429, 500, 502, 503, 504}  # HTTP states that may be over in a moment
_RANGE_REFUSED = 416


def fetch(
    url: str,
    path: Path,
    *,
    md5: str,
    progress: Progress = SILENT,
    timeout: float = 30.0,
    retries: int = 5,
    backoff: float = 1.0,
) -> Path:
    """Fetch a file, unless it is there already, and make sure that it is the right one.

    The bytes are collected in ``path`` with the suffix ``.part``, which a later call resumes; only a file with
    the right checksum gets the name ``path``.

    Args:
        url: where it is fetched from.
        path: where it is put.
        md5: its checksum, hexadecimal.
        progress: told the bytes at hand, and their total where the server tells it.
        timeout: seconds without a byte after which a connection counts as stalled.
        retries: attempts in a row, after the first, that may bring nothing new.
        backoff: seconds before the second attempt; doubled with each one that brings nothing.

    Returns:
        ``path``.

    Raises:
        SourceError: the server cannot be reached or refuses, or the file is a wrong one.
        WriteError: the file cannot be written.
    """
    path = Path(path)
    if path.is_file() and _md5(path) == md5:
        return path
    part = path.with_suffix(".part")
    with writing(path, then=_CACHE):
        path.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.is_file() and part.stat().st_size > 0
    progress.step(f"fetching {path.name}")
    _collect(url, path, part, progress, timeout, retries, backoff)
    got = _md5(part)
    if got != md5 and resumed:  # what was there may have come from somewhere else: once more from the beginning
        part.unlink()
        _collect(url, path, part, progress, timeout, retries, backoff)
        got = _md5(part)
    if got != md5:
        part.unlink()
        raise SourceError(f"{url}: a wrong file came, md5 {got} instead of {md5}", _by_hand(url, path))
    with writing(path, then=_CACHE):
        part.replace(path)
    return path


def _collect(
    url: str, path: Path, part: Path, progress: Progress, timeout: float, retries: int, backoff: float
) -> None:
    """Fetch into ``part`` until the server has no more to give."""
    fruitless = 0
    while True:
        before = part.stat().st_size if part.is_file() else 0
        try:
            if _attempt(url, part, before, progress, timeout):
                return
            reason = "the connection broke off"
        except urllib.error.HTTPError as problem:
            problem.close()
            if problem.code == _RANGE_REFUSED and before:
                part.unlink()  # it is longer than the file: begin again
            elif problem.code not in _FOR_NOW:
                raise SourceError(
                    f"{url}: the server answers {problem.code} {problem.reason}", _by_hand(url, path)
                ) from problem
            reason = f"the server answers {problem.code} {problem.reason}"
        except (OSError, http.client.HTTPException) as problem:  # of the network: the disk's are WriteErrors by now
            reason = str(getattr(problem, "reason", "") or problem or type(problem).__name__)
        gained = part.is_file() and part.stat().st_size > before
        fruitless = 0 if gained else fruitless + 1
        if fruitless > retries:
            raise SourceError(f"{url}: cannot be fetched ({reason})", _by_hand(url, path))
        time.sleep(backoff * 2 ** max(fruitless - 1, 0))


def _attempt(url: str, part: Path, start: int, progress: Progress, timeout: float) -> bool:
    """One connection's worth of bytes, from ``start``; whether the file is whole, as far as the server tells."""
    request = urllib.request.Request(url, headers={"User-Agent": "hemascope"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0  # the server sends the whole file, whatever was asked
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length and length.isdecimal() else None
        done = start
        with writing(part, then=_CACHE):
            file = part.open("r+b" if start else "wb", buffering=0)
        with file:
            file.seek(start)
            while chunk := answer.read1(_CHUNK):
                with writing(part, then=_CACHE):
                    file.write(chunk)
                done += len(chunk)
                progress.done(done, total)
    return total is None or done >= total


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _by_hand(url: str, path: Path) -> str:
    return f"Try again later, or fetch {url} by hand and put it at {path}."
