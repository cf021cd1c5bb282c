"""Who may use the service: under which names, from which pages, with which token."""

import hmac
import re
from urllib.parse import urlsplit

from starlette.types import Scope

from hemascope.serve.problems import FOREIGN_ORIGIN, MALFORMED, MISDIRECTED, UNAUTHORIZED, Kind, ProblemError
from hemascope.serve.settings import Settings, is_loopback

PROTECTED = ("/v1", "/metrics")
"""What the paths that want the token begin with."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:\[\]/@]+)(:\d{1,5})?")


def refusals(settings: Settings) -> tuple[Kind, ...]:
    """The problems that a service of these settings may answer on any of its protected paths."""
    return (MALFORMED, UNAUTHORIZED) if settings.token else (MALFORMED, MISDIRECTED, FOREIGN_ORIGIN)


class Access:
    """Checks every request before anything else is done with it.

    A service without a token trusts this machine, and so must see to it that no page of another site borrows that
    trust: neither under a name that the site has resolve to this machine (DNS rebinding), nor by a form or a simple
    request, which browsers send to any site and only keep the answer from. With a token such a page has no token.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: Settings) -> None:
        self._token = f"Bearer {settings.token}".encode() if settings.token else b""
        self._names = {name.lower() for name in settings.names}
        if settings.names or not self._token:
            self._names.add(settings.host.lower())
        self._any_name = bool(self._token) and not settings.names

    def check(self, scope: Scope) -> None:
        """Refuse a request that may not be answered.

        Raises:
            ProblemError: no or several hosts (400), a name that is not the service's (421), another site's page (403),
                or no valid token (401).
        """
        headers = scope["headers"]
        host, name = _host([value for key, value in headers if key == b"host"])
        if not (self._any_name or name in self._names or is_loopback(name)):
            raise ProblemError(
                MISDIRECTED, "Use the address that the service names at its start, or add this one: --names."
            )
        if not self._token:
            self._check_origin(scope["method"], dict(headers), host)
        elif scope["path"].startswith(PROTECTED):
            given = next((value for key, value in headers if key == b"authorization"), b"")
            if not hmac.compare_digest(given, self._token):
                raise ProblemError(
                    UNAUTHORIZED,
                    "Send the service's token as Authorization: Bearer TOKEN.",
                    {"WWW-Authenticate": "Bearer"},
                )

    def _check_origin(self, method: str, headers: dict[bytes, bytes], host: str) -> None:
        """Refuse what a browser sends for another site's page; programs send neither of the two headers."""
        if method in ("GET", "HEAD"):  # they change nothing, and the page cannot read the answer
            return
        site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
        if site is not None:
            own = site in (b"same-origin", b"none")
        elif origin is not None:
            own = _is_own(origin.decode("latin-1").lower(), host, self._names)
        else:
            own = True
        if not own:
            raise ProblemError(FOREIGN_ORIGIN, "Images are taken from the service's own page and from programs.")


def _host(values: list[bytes]) -> tuple[str, str]:
    """The one host of a request, whole and without port and brackets."""
    found = _HOST.fullmatch(values[0].decode("latin-1").strip().lower()) if len(values) == 1 else None
    if found is None:
        raise ProblemError(MALFORMED, "A request has one header Host, with a name or an address.")
    return found[0], found[1].strip("[]").rstrip(".")


def _is_own(origin: str, host: str, names: set[str]) -> bool:
    """Whether a page of the origin is the service's: reached by the host of the request, or by a name it is told.

    >>> _is_own("http://localhost:8000", "localhost:8000", set()), _is_own("null", "localhost:8000", set())
    (True, False)
    """
    try:
        parts = urlsplit(origin)
        return parts.netloc == host or (parts.hostname in names and not is_loopback(parts.hostname or ""))
    except ValueError:
        return False
