"""Putting files elsewhere: each is there as a whole or not at all."""

import contextlib
from pathlib import Path

from hemascope.data.remote.listing import children
from hemascope.data.remote.reading import about, version_of
from hemascope.data.remote.store import Store, attempt
from hemascope.data.remote.trouble import LengthError, RemoteError, Trouble
from hemascope.data.remote.url import named, parts_of

_PAUSE, _SLOWEST = 60, 50_000  # seconds, and bytes a second, after which to write counts as stalled


def check_writable(url: str) -> None:
    """Refuse, before any work, a place that cannot be written; S3 is asked, and nothing is left there.

    Raises:
        RemoteError: it is on the web, there is no such bucket, or the credentials may not.
    """
    name, scheme = named(url), parts_of(url).scheme
    if scheme in ("http", "https"):
        raise RemoteError(name, Trouble("nothing can be written to the web", "Name a place as s3://BUCKET/NAME."))

    def ask(to: Store) -> None:
        if scheme != "s3":
            return
        bucket, key, _ = to.system.split_path(to.path)
        # To begin an object in parts takes the permission to write it, and shows nobody anything.
        begun = to.system.call_s3("create_multipart_upload", Bucket=bucket, Key=key or "hemascope")
        with contextlib.suppress(Exception):  # who may not take it back leaves it to the bucket's own rules
            to.system.call_s3(
                "abort_multipart_upload", Bucket=bucket, Key=key or "hemascope", UploadId=begun["UploadId"]
            )

    attempt(name, ask)


def is_there(url: str) -> bool:
    """Whether there is a file or a folder with anything in it.

    Raises:
        RemoteError: the store does not tell.
    """
    try:
        return bool(children(url)) if about(url).is_folder else True
    except RemoteError as problem:
        if problem.trouble.missing:
            return False
        raise


def put(path: Path, url: str) -> str:
    """Write a file of this machine there, in place of what may be there; gives its version, "" where there is none.

    Raises:
        RemoteError: it cannot be written; what was there before then stays.
    """
    size = path.stat().st_size

    def ask(to: Store) -> str:
        if to.system.async_impl:
            from fsspec.asyn import sync

            # A server that never says "go on" to what is announced would be waited for without end.
            longest = _PAUSE + size / _SLOWEST
            sync(to.system.loop, to.system._put_file, str(path), to.path, timeout=longest)
        else:
            to.system.put_file(str(path), to.path)
        to.system.invalidate_cache()
        there = to.system.info(to.path)
        if there.get("size") not in (None, size):
            raise LengthError(f"{there['size']:,} bytes have come there of {size:,}")
        return version_of(there)

    return attempt(url, ask)


def put_folder(folder: Path, url: str) -> None:
    """Write the files of a folder there, those whose names begin with a dot excepted.

    Args:
        folder: of this machine.
        url: of the folder there.

    Raises:
        RemoteError: one cannot be written.
    """
    inside = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    shown = [path for path in inside if not any(part.startswith(".") for part in path.parts)]
    for path in sorted(shown):
        put(folder / path, f"{url.rstrip('/')}/{path.as_posix()}")
