"""Problem details (RFC 9457): the one shape of every error."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """A kind of problem.

    Attributes:
        code: names it for programs; the end of its ``type``.
        status: HTTP status.
        title: the same for every problem of the kind.
    """

    code: str
    status: int
    title: str

    def details(self, detail: str) -> dict[str, Any]:
        """The members of the problem's JSON object.

        >>> NOT_FOUND.details("no /v2")["type"]
        'urn:hemascope:problem:not-found'
        """
        return {
            "type": f"urn:hemascope:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": detail,
        }


MALFORMED = Kind("malformed-request", 400, "The request cannot be parsed")
UNAUTHORIZED = Kind("unauthorized", 401, "A valid token is needed")
FOREIGN_ORIGIN = Kind("foreign-origin", 403, "Another site's page may not use the service")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "The method is not allowed here")
REQUEST_TIMEOUT = Kind("request-timeout", 408, "The request took too long to arrive")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The request's body is too large")
TOO_MANY_FILES = Kind("too-many-files", 413, "The request holds too many files")
TOO_MANY_PIXELS = Kind("too-many-pixels", 413, "The request's images hold too many pixels together")
UNSUPPORTED_MEDIA_TYPE = Kind("unsupported-media-type", 415, "The request's body is of an unsupported type")
MISDIRECTED = Kind("misdirected", 421, "The service is not known by this name")
NO_IMAGE = Kind("no-image", 422, "The request holds no image")
UNREADABLE_IMAGE = Kind("unreadable-image", 422, "The image cannot be read")
HEADERS_TOO_LARGE = Kind("headers-too-large", 431, "The request's URL or headers are too large")
INTERNAL = Kind("internal", 500, "The service failed")
OVERLOADED = Kind("overloaded", 503, "The service has too much to do")
NOT_READY = Kind("not-ready", 503, "The service is not ready")

UPLOAD = (REQUEST_TIMEOUT, BODY_TOO_LARGE, TOO_MANY_FILES, UNSUPPORTED_MEDIA_TYPE, NO_IMAGE, UNREADABLE_IMAGE)
"""What may be wrong with images that a client sends."""

_OF_STATUS = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 400: MALFORMED}


class ProblemError(Exception):
    """A request that is answered by a problem.

    Args:
        kind: of the problem.
        detail: what is wrong with this request, and what to do about it.
        headers: of the response, beside its content's.
    """

    def __init__(self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        super().__init__(f"{kind.code}: {detail}")

    def response(self) -> Response:
        """The answer to the request."""
        content = json.dumps(self.kind.details(self.detail), ensure_ascii=False)
        return Response(content, self.kind.status, self.headers, MEDIA_TYPE)


def overloaded(detail: str) -> ProblemError:
    """A refusal that asks the client to come again in a second."""
    return ProblemError(OVERLOADED, detail, {"Retry-After": "1"})


def of_status(status: int, detail: str, headers: Mapping[str, str] | None = None) -> ProblemError:
    """The problem that a framework's bare status stands for."""
    return ProblemError(_OF_STATUS.get(status, Kind(f"status-{status}", status, detail)), detail, headers)
