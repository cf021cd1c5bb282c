"""Sets of images that are fetched by their name, once, into a cache."""

import os
from pathlib import Path
from typing import NamedTuple

from hemascope.progress import SILENT, Progress

_RECORD = "https://zenodo.org/records/10519652/files"


class NamedSet(NamedTuple):
    """Where a named set is fetched from."""

    url: str
    md5: str


NAMED: dict[str, NamedSet] = {
    name: NamedSet(f"{_RECORD}/{name}.npz?download=1", md5)
    for name, md5 in (
        ("bloodmnist", "7053d0359d879ad8a5505303e11de1dc"),  # 28x28
        ("bloodmnist_64", "2b94928a2ae4916078ca51e05b6b800b"),
        ("bloodmnist_128", "adace1e0ed228fccda1f39692059dd4c"),
        ("bloodmnist_224", "b718ff6835fcbdb22ba9eacccd7b2601"),
    )
}


def fetch_named(name: str, progress: Progress = SILENT) -> Path:
    """The file of a set of ``NAMED``, fetched into the cache where it is not there yet.

    Raises:
        SourceError: it cannot be fetched, or is not the right one.
    """
    from hemascope.data.download import fetch  # brings http, which only a fetched set needs

    url, md5 = NAMED[name]
    return fetch(url, cache_folder() / f"{name}.npz", md5=md5, progress=progress)


def cache_folder() -> Path:
    """Where fetched files are kept: ``HEMASCOPE_CACHE``, else ``hemascope`` in the user's cache folder."""
    own = os.environ.get("HEMASCOPE_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser().absolute() if shared else Path.home() / ".cache") / "hemascope"
