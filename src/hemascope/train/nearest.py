"""The hint for a name that is not known."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A sentence with the nearest valid name, after a space; nothing where none is near.

    >>> did_you_mean("drop_out", ["dense", "dropout"])
    ' Did you mean dropout?'
    """
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else ""
