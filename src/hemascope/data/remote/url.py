"""URLs as names of files; what is secret in one stays in this process and out of every name."""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlunsplit

from hemascope.errors import SourceError

SCHEMES = ("s3", "gs", "az", "abfs", "https", "http", "hf", "memory")
"""What is read, as a URL begins; aliases of fsspec are in ``_ALIASES``."""

_ALIASES = {"s3a": "s3", "gcs": "gs", "abfss": "abfs"}
_WEB = ("http", "https")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
_OURS = "synthetic://"
_IN_TEXT = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]+://[^\s'\"<>)\]]+")

# Parameters of a query that open a door, and those that stand beside a signature and are worth nothing without it.
_SECRET = re.compile(
    r"x-(amz|goog|oss|ms)-.*|sig|signature|.*token.*|.*secret.*|.*passw(or)?d|pwd|.*credentials?|.*auth.*|jwt|"
    r"(.*[-_])?(api|access|private|subscription)?[-_]?key|key-pair-id|policy|session.*|code|awsaccesskeyid|googleaccessid",
    re.IGNORECASE,
)
_BESIDE = frozenset(
    [
        "expires",
        "sv",
        "st",
        "se",
        "sp",
        "sr",
        "spr",
        "srt",
        "ss",
        "sip",
        "sdd",
        "ses",
        "scid",
        "skoid",
        "sktid",
        "skt",
        "ske",
        "sks",
        "skv",
    ]
)


class _Secrets:
    """By the names that are spoken of, what it takes to open them."""

    def __init__(self) -> None:
        self.queries: dict[str, str] = {}
        self.users: dict[str, str] = {}

    def values(self) -> set[str]:
        """Texts that must not be seen."""
        return {text for text in (*self.queries.values(), *self.users.values()) if len(text) > 3}


_secrets = _Secrets()


class Parts(NamedTuple):
    """A URL's scheme without aliases, and what it names: ``bucket/key``, or the host and path."""

    scheme: str
    path: str


def is_url(text: object) -> bool:
    """Whether a source, an output or a path is a URL; drawings (``synthetic://``) are none.

    >>> is_url("s3://bucket/cells/"), is_url("cells/1.png"), is_url("synthetic://3")
    (True, False, False)
    """
    return isinstance(text, str) and "://" in text and not text.startswith(_OURS) and bool(_URL.match(text))


def named(url: str) -> str:
    """The name of what a URL leads to, without user, password, signature and token.

    They are kept in memory alone, so that `whole` can open what has this name. What is no URL stays as it is.

    Raises:
        SourceError: a scheme that is not known, or a password where none belongs.

    >>> named("https://me:pass@host/cells.tar?X-Amz-Signature=f00&X-Amz-Expires=9&part=2")
    'https://host/cells.tar?part=2'
    """
    if not is_url(url):
        return url
    parts = _split(url)
    if parts.scheme not in (*SCHEMES, *_ALIASES):
        raise SourceError(f"{redacted(url)}: no way to {parts.scheme}://", f"Known are {', '.join(SCHEMES)}.")
    user, at, host = parts.netloc.rpartition("@")
    if parts.scheme not in _WEB:
        if at and ":" in user:
            raise SourceError(
                f"{parts.scheme}://{host}{parts.path}: keys and passwords do not belong into this URL",
                "Set them in the environment, as AWS_ACCESS_KEY_ID, or in ~/.aws/credentials.",
            )
        return url
    query, secret = _divided(parts.query)
    name = urlunsplit((parts.scheme, host, parts.path, query, ""))
    if secret:
        _secrets.queries[name] = parts.query
    if at:
        _secrets.users[f"{parts.scheme}://{host}"] = user
    return name


def whole(name: str) -> str:
    """The URL that opens what has this name: with the user, password and signature that `named` took out of it.

    >>> whole(named("https://signed/cells.tar?sig=f00"))
    'https://signed/cells.tar?sig=f00'
    """
    parts = _split(name)
    if parts.scheme not in _WEB:
        return name
    user = _secrets.users.get(f"{parts.scheme}://{parts.netloc}")
    host = f"{user}@{parts.netloc}" if user else parts.netloc
    return urlunsplit((parts.scheme, host, parts.path, _secrets.queries.get(name, parts.query), ""))


def redacted(text: str) -> str:
    """A library's message without what is secret in the URLs in it.

    >>> redacted("cannot open https://me:pass@host/x?token=f00!")
    'cannot open https://host/x'
    """
    for secret in sorted(_secrets.values(), key=len, reverse=True):
        text = text.replace(secret, "…")

    def clean(found: re.Match[str]) -> str:
        parts = _split(found[0])
        query = _divided(parts.query)[0]
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))

    return _IN_TEXT.sub(clean, text)


def parts_of(url: str) -> Parts:
    """The scheme and what it names.

    >>> parts_of("s3a://bucket/a/b.png"), parts_of("https://host/a%20b.png?part=2").path
    (Parts(scheme='s3', path='bucket/a/b.png'), 'host/a b.png')
    """
    parts = _split(url)
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme in _WEB:
        return Parts(scheme, parts.netloc + unquote(parts.path))
    return Parts(scheme, url.partition("://")[2])


def _split(url: str) -> SplitResult:
    """A URL's parts; whatever stands in brackets is no address of the internet's sixth version here."""
    scheme, _, rest = url.partition("://")
    path, _, query = rest.partition("?") if scheme.lower() in _WEB else (rest, "", "")
    path = path.partition("#")[0] if scheme.lower() in _WEB else path
    netloc, slash, path = path.partition("/")
    return SplitResult(scheme.lower(), netloc, slash + path, query.partition("#")[0], "")


def _divided(query: str) -> tuple[str, bool]:
    """A query without what is secret in it, and whether there was any."""
    pairs = query.split("&") if query else []
    names = [unquote(pair.partition("=")[0]) for pair in pairs]
    hidden = [bool(_SECRET.fullmatch(name)) for name in names]
    if not any(hidden):
        return query, False
    kept = [
        pair for pair, name, hide in zip(pairs, names, hidden, strict=True) if not hide and name.lower() not in _BESIDE
    ]
    return "&".join(kept), True
