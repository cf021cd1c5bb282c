"""Bytes of files elsewhere: a part or the whole, with what was promised held against what came."""

import threading
from typing import Any, NamedTuple

from hemascope.data.remote.store import Store, attempt
from hemascope.data.remote.trouble import ChangedError, LengthError, RangeRefusedError, RemoteError
from hemascope.data.remote.url import parts_of


class About(NamedTuple):
    """What a store says of a file or folder.

    Attributes:
        size: bytes; None where it does not tell.
        is_folder: whether other files lie below it.
        version: changes when the file does; "" where the store tells of none.
    """

    size: int | None
    is_folder: bool
    version: str = ""


class Part(NamedTuple):
    """Some bytes of a file, and how many the whole has; None where that is not told."""

    data: bytes
    whole: int | None


def about(url: str) -> About:
    """What a store says of a file or folder.

    Raises:
        RemoteError: there is none, or the store does not answer.
    """

    def ask(to: Store) -> About:
        to.system.invalidate_cache()
        found = to.system.info(to.path)
        web = parts_of(url).scheme in ("http", "https")
        is_page = web and not url.endswith("/") and str(found.get("mimetype", "")).startswith("text/html")
        is_folder = found.get("type") == "directory" or (web and url.endswith("/")) or is_page
        return About(found.get("size"), is_folder, version_of(found))

    return attempt(url, ask)


def version_of(found: dict[str, Any]) -> str:
    """What changes when a file does, of what fsspec tells of it; "" where it tells of none."""
    version = next(
        (str(found[key]) for key in ("ETag", "etag", "content_md5", "md5Hash", "blob_id") if found.get(key)), ""
    )
    return version or str(found.get("last_modified") or found.get("created", ""))


def is_file(url: str) -> bool:
    """Whether there is a file.

    Raises:
        RemoteError: the store does not tell.
    """
    try:
        return not about(url).is_folder
    except RemoteError as problem:
        if problem.trouble.missing:
            return False
        raise


def read(url: str, most: int, *, stop: threading.Event | None = None) -> bytes:
    """All bytes of a file.

    Args:
        url: of the file.
        most: bytes; one more than that is read of a larger file, and no further.
        stop: when set, a failure is not tried again.

    Raises:
        RemoteError: it cannot be read.
    """

    def ask(to: Store) -> bytes:
        data, size = _part(to, 0, most + 1)
        if size is not None and len(data) != min(size, most + 1):
            raise LengthError(f"{len(data):,} bytes came of {size:,}")
        return data

    return attempt(url, ask, stop=stop)


def read_part(url: str, start: int, end: int, size: int) -> bytes:
    """The bytes from ``start`` up to ``end`` of a file of ``size`` bytes.

    Raises:
        RemoteError: they cannot be read, or the file has another size by now.
    """

    def ask(to: Store) -> bytes:
        data, now = _part(to, start, end)
        if now is not None and now != size:
            raise ChangedError
        if len(data) != end - start:
            raise (
                RangeRefusedError if len(data) == size else LengthError(f"{len(data):,} bytes came of {end - start:,}")
            )
        return data

    return attempt(url, ask) if end > start else b""


def _part(to: Store, start: int, end: int) -> Part:
    """The bytes from ``start`` up to ``end``, or to the end of the file."""
    protocol = to.system.protocol if isinstance(to.system.protocol, str) else to.system.protocol[0]
    if protocol == "s3":
        from hemascope.data.remote import signed

        bucket, key, version = to.system.split_path(to.path)
        found = None if version else signed.read(to.system, bucket, key, start, end)
        if found is not None:
            return Part(found.data, _whole(found.content_range))
    ask = {"s3": _from_s3, "http": _from_web}.get(protocol)
    if ask is None:
        return Part(to.system.cat_file(to.path, start=start, end=end), None)
    from fsspec.asyn import sync

    part: Part = sync(to.system.loop, ask, to.system, to.path, start, end)
    return part


async def _from_s3(system: Any, path: str, start: int, end: int) -> Part:
    """One request, where ``cat_file`` makes two, and drops what the answer says of the length."""
    bucket, key, version = system.split_path(path)
    more = {"VersionId": version} if version else {}
    try:
        answer = await system._call_s3("get_object", Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}", **more)
    except OSError as problem:
        if start == 0 and _status(problem) == 416:  # nothing can be a part of an empty file
            return Part(b"", 0)
        raise
    async with answer["Body"] as body:
        data = await body.read()
    return Part(data, _whole(answer.get("ContentRange")))


async def _from_web(system: Any, url: str, start: int, end: int) -> Part:
    """One request that reads no more than was asked for, whatever the server sends."""
    session = await system.set_session()
    options = {**system.kwargs, "headers": {**system.kwargs.get("headers", {}), "Range": f"bytes={start}-{end - 1}"}}
    options["headers"]["Accept-Encoding"] = "identity"  # a part of what was packed anew is a part of something else
    async with session.get(system.encode_url(url), **options) as answer:
        if answer.status == 416 and start == 0:
            return Part(b"", 0)
        answer.raise_for_status()
        if answer.status != 206 and start:
            raise RangeRefusedError
        data = bytearray()
        async for chunk in answer.content.iter_chunked(1 << 18):
            data += chunk
            if len(data) >= end - start:
                break
        size = _whole(answer.headers.get("Content-Range")) if answer.status == 206 else answer.content_length
    return Part(bytes(data[: end - start]), size)


def _whole(content_range: str | None) -> int | None:
    """The size of a file by the header of a part of it, ``bytes 0-99/1234``."""
    size = (content_range or "").rpartition("/")[2]
    return int(size) if size.isdecimal() else None


def _status(problem: BaseException) -> int | None:
    cause = problem.__cause__
    response = getattr(cause, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(status) if status else None
