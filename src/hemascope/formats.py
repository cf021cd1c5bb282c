"""Versioned JSON: how every summary that hemascope writes carries its format, and how those of older releases are read.

A format's version is the constant ``FORMAT_VERSION`` of the module that writes it. It rises when a file of before could
be misread; what was only added gets a neutral value where it is absent. Fixtures of every release are kept in
``tests/fixtures``.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hemascope.errors import HemascopeError, RunError
from hemascope.files import write_text

_KEY = "format_version"
_UPGRADE = "Upgrade with: pip install --upgrade hemascope"

# Whatever comes of content that is not what it should be; the last two of JSON too deep and of numbers too large.
_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, ArithmeticError)

T = TypeVar("T")


def to_versioned(content: Mapping[str, Any], version: int, *, indent: int | None = 1) -> str:
    """JSON with the version first.

    >>> to_versioned({"images": 3}, 1, indent=None)
    '{"format_version": 1, "images": 3}'
    """
    return json.dumps({_KEY: version, **content}, indent=indent, allow_nan=False, ensure_ascii=False)


def write_versioned(path: Path, content: Mapping[str, Any], version: int) -> None:
    """Write `to_versioned` as UTF-8, whole or not at all."""
    write_text(path, to_versioned(content, version) + "\n")


def parse_versioned(
    text: str,
    where: str,
    build: Callable[[dict[str, Any]], T],
    known: int,
    *,
    what: str,
    remedy: str = "",
    error: type[HemascopeError] = RunError,
) -> T:
    """Make of versioned JSON what it stands for.

    Args:
        text: from `to_versioned`, of this release or another.
        where: the file, for the error.
        build: makes it of the content without the version. Whatever it lacks or cannot convert is damage.
        known: the newest version that ``build`` knows.
        what: the content in words, for the error.
        remedy: what to do where it is damaged.
        error: the kind to raise.

    Raises:
        HemascopeError: of that kind: damaged, or of a newer version.

    >>> parse_versioned('{"format_version": 1, "images": 3}', "a.json", dict, 1, what="a count")
    {'images': 3}
    """
    try:
        content = json.loads(text)
        version = int(content.pop(_KEY))
        if version > known:
            raise error(
                f"{where}: {what} was written by a newer hemascope, in format {version} (known here: up to {known})",
                f"{_UPGRADE}. {remedy}".rstrip(" ."),
            )
        return build(content)
    except HemascopeError:
        raise
    except _DAMAGE as problem:
        raise error(f"{where}: {what} cannot be read ({problem!r})", remedy) from problem


def read_versioned(
    path: Path,
    build: Callable[[dict[str, Any]], T],
    known: int,
    *,
    what: str,
    remedy: str = "",
) -> T | None:
    """Read what `write_versioned` wrote; None where there is no such file. Arguments as of `parse_versioned`.

    Raises:
        RunError: a file that cannot be read, or of a newer version.
    """
    path = Path(path)
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:  # UnicodeDecodeError is a ValueError
        raise RunError(f"{path}: {what} cannot be read ({problem!r})", remedy) from problem
    return parse_versioned(text, str(path), build, known, what=what, remedy=remedy)
