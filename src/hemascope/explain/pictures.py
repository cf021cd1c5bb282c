"""The images to explain: a source as every command knows it, or a folder without class folders."""

from pathlib import Path

from hemascope.data.decode import IMAGE_SUFFIXES
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source


def open_pictures(spec: str) -> Manifest:
    """As `hemascope.data.sources.open_source`; a folder that holds pictures and no folder gives them unlabelled.

    Raises:
        SourceError: no such source, or one that cannot be read.
    """
    folder = Path(spec).expanduser()
    if folder.is_dir():
        inside = sorted(path for path in folder.resolve().iterdir() if not path.name.startswith("."))
        found = [str(path) for path in inside if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()]
        if found and not any(path.is_dir() for path in inside):
            return Manifest.build(found, [""] * len(found), [], name=folder.name)
    return open_source(spec)
