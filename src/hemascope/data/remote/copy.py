"""A file elsewhere that a library can only read from this machine: copied once into the cache, anew when it changes."""

import hashlib
from pathlib import Path

from hemascope.data.named import cache_folder
from hemascope.data.remote.pool import readers
from hemascope.data.remote.reading import About, about, read, read_part
from hemascope.data.remote.trouble import RemoteError, Trouble
from hemascope.data.remote.url import named, parts_of
from hemascope.files import atomic

_PART = 8 << 20  # bytes
_AT_A_TIME = 4  # parts
_UNTOLD = 256 << 20  # bytes, where the server does not tell how many there are


def copied(url: str, most: int) -> Path:
    """The copy of a file; one in the cache is taken if its store says that the file is still the same.

    Args:
        url: of the file.
        most: bytes that are copied.

    Raises:
        RemoteError: it cannot be read, or is larger.
        WriteError: the cache cannot be written.
    """
    name = named(url)
    found = about(name)
    if found.is_folder:
        raise RemoteError(name, Trouble("a folder, not a file", "Name a file."))
    if (found.size or 0) > most:
        raise RemoteError(
            name,
            Trouble(f"its {found.size or 0:,} bytes are more than the {most:,} that are copied", "Copy it yourself."),
        )
    place = cache_folder() / "models" / hashlib.sha256(name.encode()).hexdigest()[:16]
    version = hashlib.sha256(f"{found.version} {found.size}".encode()).hexdigest()[:16]
    copy = place / version / parts_of(name).path.rpartition("/")[2]
    if found.version and copy.is_file() and copy.stat().st_size == found.size:
        return copy
    with atomic(copy, then="HEMASCOPE_CACHE names another folder for what is fetched.") as temporary:
        fetch(name, found, temporary)
    for former in place.iterdir():
        if former != copy.parent:
            for file in former.iterdir():
                file.unlink(missing_ok=True)
            former.rmdir()
    return copy


def fetch(name: str, found: About, to: Path) -> None:
    """Copy a file by several parts at a time.

    Args:
        name: its URL.
        found: what its store says of it.
        to: where; written as it comes.

    Raises:
        RemoteError: it cannot be read, or has changed meanwhile.
    """
    if found.size is None:
        data = read(name, _UNTOLD)
        if len(data) > _UNTOLD:
            raise RemoteError(name, Trouble("the server does not tell its size, and it is large", "Copy it yourself."))
        to.write_bytes(data)
        return
    starts = range(0, found.size, _PART)
    with to.open("wb") as file:
        for first in range(0, len(starts), _AT_A_TIME):
            several = starts[first : first + _AT_A_TIME]
            for part in readers().map(
                read_part, [name] * len(several), several, (min(at + _PART, found.size) for at in several),
                [found.size] * len(several),
            ):  # fmt: skip
                file.write(part)
    if about(name).version != found.version:
        raise RemoteError(name, Trouble("it has changed while it was copied", "Do it again."))
