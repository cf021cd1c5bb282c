"""A Manifest that hemascope wrote, such as the cleaned one of an audit, as a source."""

from pathlib import Path
from typing import Any

from hemascope.data.manifest import Manifest
from hemascope.data.sources.synthetic import SCHEME
from hemascope.errors import SourceError

_MARK = b"hemascope.format_version"


def is_manifest(schema: Any) -> bool:
    """Whether a Parquet schema is that of a Manifest."""
    return _MARK in (schema.metadata or {})


def read_manifest(path: Path) -> Manifest:
    """Read a Manifest with its splits, groups and verdicts. An image that is gone gets its error when it is read.

    Raises:
        SourceError: not a Manifest, or none of its images is where it was.
    """
    manifest = Manifest.read(path)
    usable = manifest.table["path"][manifest.usable]
    files = usable[~usable.str.startswith(SCHEME)].unique()
    if len(files) and not any(Path(file).exists() for file in files):
        raise SourceError(
            f"{path}: none of the {len(files):,} files that it names exists, the first is {files[0]}",
            "Put the images back where they were, or make the manifest anew where they are now.",
        )
    return manifest
