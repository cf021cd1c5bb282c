"""A request's body to the images in it."""

import logging
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from hemascope.serve.problems import (
    BODY_TOO_LARGE,
    MALFORMED,
    NO_IMAGE,
    TOO_MANY_FILES,
    UNSUPPORTED_MEDIA_TYPE,
    ProblemError,
    overloaded,
)

if TYPE_CHECKING:
    from hemascope.predict.classifier import Classifier


class UploadMemory:
    """Bytes that uploads may hold, all requests together. For one event loop.

    Attributes:
        limit: bytes.
        held: bytes held now.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    def place(self, most: int) -> "Place":
        """A request's place, of at most so many bytes."""
        return Place(self, most)


class Place:
    """What one request holds; a context that gives all back at its end."""

    def __init__(self, memory: UploadMemory, most: int) -> None:
        self._memory = memory
        self._most = most
        self._held = 0

    def check(self, size: int) -> None:
        """Refuse a body of this announced size, in bytes, where it cannot be held.

        Raises:
            ProblemError: larger than a request may be (413), or than what is free now (503).
        """
        if size > self._most:
            raise ProblemError(BODY_TOO_LARGE, f"A request's body may be {self._most:,} bytes; send fewer images.")
        if self._memory.held - self._held + size > self._memory.limit:
            raise overloaded("Too many uploads are being handled.")

    def take(self, size: int) -> None:
        """Hold so many bytes more; raises as `check` does."""
        self.check(self._held + size)
        self._held += size
        self._memory.held += size

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._memory.held -= self._held
        self._held = 0


FIELD = "files"
"""The field of the form that every image is in."""

ABOUT = "about"
"""The field of the form in which some endpoints are told more about the images, as JSON."""

MOST_ABOUT = 1 << 20
"""Bytes of it: a head of a hundred classes is half of that."""

# The parser warns of stray bytes by quoting them; nothing uploaded may be logged.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Upload:
    """One image as it came.

    Attributes:
        name: the file's name as the client gave it; None where it gave none.
        data: the encoded image.
        model: what judges it; None for the service's own.
    """

    name: str | None
    data: bytes
    model: "Classifier | None" = None


class Form:
    """A form being received: `feed` it, then take its `uploads`.

    Args:
        content_type: the request's header, with the boundary.
        max_files: images allowed.
        about: whether it may have the field `ABOUT`.

    Attributes:
        about: what that field holds; None where the form has none.

    Raises:
        ProblemError: no boundary; and from the methods, a form that is malformed or breaks a limit.
    """

    def __init__(self, content_type: str, max_files: int, about: bool = False) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise ProblemError(MALFORMED, "The header Content-Type names no boundary.")
        self.about: bytes | None = None
        self._max_files = max_files
        self._fields = (FIELD, ABOUT) if about else (FIELD,)
        self._field = FIELD
        self._size = 0
        self._uploads: list[Upload] = []
        self._ended = False
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._disposition = b""
        self._name: str | None = None
        self._data: list[bytes] = []
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._header_field,
                    "on_header_value": self._header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._check_part,
                    "on_part_data": self._add,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as problem:
            raise ProblemError(MALFORMED, "The form's boundary is too long.") from problem

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as problem:
            raise ProblemError(MALFORMED, "The form is not valid multipart/form-data.") from problem

    def uploads(self) -> list[Upload]:
        """The images of the whole form, in their order."""
        if not self._ended:
            raise ProblemError(MALFORMED, "The form ends before its closing boundary.")
        if not self._uploads:
            raise ProblemError(NO_IMAGE, f"Send at least one file in the field {FIELD!r}.")
        return self._uploads

    def _begin(self) -> None:
        self._disposition = b""
        self._data = []
        self._size = 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def _end_header(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header[0].clear()
        self._header[1].clear()

    def _check_part(self) -> None:
        options = parse_options_header(self._disposition)[1]
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if self._field not in self._fields or (self._field == ABOUT and self.about is not None):
            others = f" beside one {ABOUT!r}" if ABOUT in self._fields else ""
            raise ProblemError(NO_IMAGE, f"The form's only field is {FIELD!r}{others}; send every image in it.")
        if self._field == FIELD and len(self._uploads) == self._max_files:
            raise ProblemError(TOO_MANY_FILES, f"A request may hold {self._max_files:,} files; send several requests.")
        name = options.get(b"filename")
        self._name = None if name is None else name.decode("utf-8", "replace")

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._field == ABOUT and self._size > MOST_ABOUT:
            raise ProblemError(BODY_TOO_LARGE, f"The field {ABOUT!r} may be {MOST_ABOUT:,} bytes.")
        self._data.append(data[start:end])

    def _end_part(self) -> None:
        data = b"".join(self._data)
        if self._field == ABOUT:
            self.about = data
        else:
            self._uploads.append(Upload(self._name, data))
        self._data = []

    def _end(self) -> None:
        self._ended = True


FORM = "multipart/form-data"
BYTES = "application/octet-stream"


class Sent(NamedTuple):
    """What a request holds.

    Attributes:
        uploads: the images.
        form: whether they came in a form, so that each has an answer of its own.
        about: what the form says about them; None where it says nothing.
    """

    uploads: list[Upload]
    form: bool
    about: bytes | None


async def read_images(request: Request, place: Place, max_files: int, about: bool = False) -> Sent:
    """Read the images of a request: a form of files, or the bytes of one image.

    Args:
        request: its body not read yet.
        place: counts what is held.
        max_files: images allowed.
        about: whether the form may have the field `ABOUT`.

    Raises:
        ProblemError: no image, another kind of body, a form that is malformed, or a limit broken.
        starlette.requests.ClientDisconnect: the client has left.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal():
        place.check(int(announced))
    content_type = request.headers.get("content-type", BYTES)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        form = Form(content_type, max_files, about)
        async for chunk in request.stream():
            place.take(len(chunk))
            form.feed(chunk)
        return Sent(form.uploads(), True, form.about)
    if kind != BYTES and not kind.startswith("image/"):
        raise ProblemError(UNSUPPORTED_MEDIA_TYPE, f"Send {FORM}, or one image as image/* or {BYTES}.")
    chunks = []
    async for chunk in request.stream():
        place.take(len(chunk))
        chunks.append(chunk)
    data = b"".join(chunks)
    if not data:
        raise ProblemError(NO_IMAGE, "The body is empty; send the bytes of an image.")
    return Sent([Upload(None, data)], False, None)
