"""Spellings of before: they go on working, and say how the command is spelt now.

Up to release 0.1.0 some commands took their model or recipe before the images, or the images by an option. All take
SOURCE first today, then options. The arguments are rewritten before the command sees them.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple


class Former(NamedTuple):
    """How a command was spelt.

    Attributes:
        option: what the first word has become: (short, long).
        source: the option that named the images; "" where they were the second word.
        suffixes: of the first word, where they tell it from images.
    """

    option: tuple[str, str]
    source: str = ""
    suffixes: tuple[str, ...] = ()


FORMER = {
    "bench": Former(("-r", "--recipe"), source="--source", suffixes=(".yaml", ".yml")),
    "evaluate": Former(("-m", "--model")),
    "explain": Former(("-m", "--model")),
    "tune": Former(("-r", "--recipe")),
}


def rewritten(former: Former, arguments: Sequence[str], valued: Collection[str]) -> list[str] | None:
    """The arguments in today's spelling; None where they are in it already, or in neither.

    What could be either is left alone: the first of two words was the model, a single word is today's SOURCE; with the
    option given there is nothing to rewrite. Of ``bench`` a single word was the list, and is known by its suffix.

    Args:
        former: how the command was spelt.
        arguments: behind the command's name.
        valued: today's options that take a value.

    >>> rewritten(FORMER["evaluate"], ["run", "cells/", "-o", "scored"], {"-o", "-m"})
    ['cells/', '-m', 'run', '-o', 'scored']
    >>> rewritten(FORMER["evaluate"], ["cells/", "-m", "run"], {"-o", "-m"}) is None
    True
    """
    words, options = split(arguments, {*valued, former.source} - {""})
    if "--" in arguments or any(_names(part[0], former.option) for part in options):
        return None
    sources = [part for part in options if former.source and _names(part[0], (former.source,))]
    kept = [token for part in options if part not in sources for token in part]
    if not former.source:
        return [words[1], former.option[0], words[0], *kept] if len(words) == 2 else None
    if len(words) != 1 or not (sources or words[0].lower().endswith(former.suffixes)):
        return None
    images = [name for name in map(_value, sources[-1:]) if name]
    return [*images, former.option[0], words[0], *kept]


def split(arguments: Sequence[str], valued: Collection[str]) -> tuple[list[str], list[list[str]]]:
    """Part words from options, each option with its value.

    >>> split(["a", "-o", "b", "--all", "--seed=1"], {"-o", "--seed"})
    (['a'], [['-o', 'b'], ['--all'], ['--seed=1']])
    """
    words: list[str] = []
    options: list[list[str]] = []
    rest = list(arguments)
    while rest:
        token = rest.pop(0)
        if not token.startswith("-") or token == "-":
            words.append(token)
        elif token in valued and rest:
            options.append([token, rest.pop(0)])
        else:
            options.append([token])
    return words, options


def _names(token: str, option: Sequence[str]) -> bool:
    """Whether a token is an option: ``-m``, ``--model``, ``--model=run``, ``-mrun``."""
    if token.startswith("--"):
        return token.partition("=")[0] in option
    return token[:2] in option


def _value(part: Sequence[str]) -> str:
    return part[1] if len(part) > 1 else part[0].partition("=")[2]
