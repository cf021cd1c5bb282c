"""multipart/form-data, parsed in memory as it arrives: no part ever becomes a temporary file."""

import logging
from dataclasses import dataclass

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from hemascope.serve.problems import MALFORMED, NO_IMAGE, TOO_MANY_FILES, ProblemError

FIELD = "files"
"""The one field of the form."""

# The parser warns of stray bytes by quoting them; nothing uploaded may be logged.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Upload:
    """One image as it came.

    Attributes:
        name: the file's name as the client gave it; None where it gave none.
        data: the encoded image.
    """

    name: str | None
    data: bytes


class Form:
    """A form being received: `feed` it, then take its `uploads`.

    Args:
        content_type: the request's header, with the boundary.
        max_files: parts allowed.

    Raises:
        ProblemError: no boundary; and from the methods, a form that is malformed or breaks a limit.
    """

    def __init__(self, content_type: str, max_files: int) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise ProblemError(MALFORMED, "The header Content-Type names no boundary.")
        self._max_files = max_files
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
        if len(self._uploads) == self._max_files:
            raise ProblemError(TOO_MANY_FILES, f"A request may hold {self._max_files:,} files; send several requests.")
        self._disposition = b""
        self._data = []

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
        if options.get(b"name", b"") != FIELD.encode():
            raise ProblemError(NO_IMAGE, f"The form's only field is {FIELD!r}; send every image in it.")
        name = options.get(b"filename")
        self._name = None if name is None else name.decode("utf-8", "replace")

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end_part(self) -> None:
        self._uploads.append(Upload(self._name, b"".join(self._data)))
        self._data = []

    def _end(self) -> None:
        self._ended = True
