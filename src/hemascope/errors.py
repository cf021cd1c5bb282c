"""Errors meant for the user: what is wrong, why, and what to do about it."""

import difflib
from collections.abc import Iterable


class HemascopeError(Exception):
    """A problem the user can mend; the command line prints it without a traceback and exits with 2.

    Args:
        problem: what is wrong and why, naming the file or key. Bytes of a file name that are no UTF-8 become
            ``\\udcxx``, so that every stream and table can hold it.
        remedy: what to do about it.

    >>> str(HemascopeError("cells.npz: no key 'images'", "Save the images under 'images'."))
    "cells.npz: no key 'images'. Save the images under 'images'."
    >>> HemascopeError("caf\\udce9.png: no such file").problem.encode()
    b'caf\\\\udce9.png: no such file'
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem.rstrip(".").encode("utf-8", "backslashreplace").decode()
        self.remedy = remedy
        super().__init__(f"{self.problem}. {remedy}".strip() if remedy else self.problem)


class SourceError(HemascopeError):
    """A data source that cannot be read as it is."""


class WriteError(HemascopeError):
    """A file that cannot be written: its disk is full or read-only, or it may not be."""


class DecodeError(HemascopeError):
    """One image that cannot be decoded; the run goes on without it."""


class ModelFileError(HemascopeError):
    """A model file that cannot be used."""


class DeviceError(HemascopeError):
    """A device that is not there, or that does not run the network."""


class RecipeError(HemascopeError):
    """A recipe that asks for something impossible or unknown."""


class RunError(HemascopeError):
    """A Run folder that cannot be written, read or resumed."""


class WeightsError(HemascopeError):
    """Pretrained weights that cannot be had."""


class EngineError(HemascopeError):
    """A cluster that cannot be had, or work that was lost on it."""


class ServiceError(HemascopeError):
    """A service that cannot be started as asked."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A sentence with the nearest valid name, after a space; nothing where none is near.

    >>> did_you_mean("drop_out", ["dense", "dropout"])
    ' Did you mean dropout?'
    """
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else ""
