"""What images come as: the kinds of sources, told apart by their names. Imports nothing that takes time."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from hemascope.data.named import NAMED
from hemascope.data.regular import is_there
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url, named
from hemascope.errors import SourceError

IMAGE_SUFFIXES = frozenset(
    f".{kind}"
    for kind in ("jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "bmp", "gif", "webp", "jp2", "avif", "ppm", "pgm")
)
"""Suffixes, lower case with the dot, of the files taken for pictures."""

_SUFFIXES = {
    "npz": (".npz",),
    "zip": (".zip",),
    "tar": (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
    "parquet": (".parquet", ".pq"),
    "csv": (".csv", ".tsv"),
}

_BRIEF = "class folders, a quoted glob, .zip, .tar, .npz, Parquet, CSV, a manifest, or a name"

LABELLED = f"Labelled images: {_BRIEF}."
"""A source of labelled images, for the help of a command."""

ANY = f"Images, labelled or not: pictures, folders of them, {_BRIEF.removeprefix('class folders, ')}."
"""A source whose labels are not asked for, for the help of a command."""

KINDS = (
    "A source is a folder of class folders (with or without train/val/test above them), a quoted glob of such folders "
    "or their pictures, a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz of class folders, a MedMNIST .npz or one with "
    "'images' and 'labels', Parquet in the Hugging Face layout, a CSV of paths and labels, a hemascope manifest, or a "
    f"name: {', '.join(NAMED)}, synthetic, synthetic:N, synthetic:N:SEED. "
    "All but names may be URLs too (s3://, gs://, az://, https://, hf://). "
    "Where no labels are needed, pictures and folders of pictures are sources too."
)
"""All that a source can be, for errors."""


class Kind(StrEnum):
    """What a source is."""

    FOLDER = "folder"
    PICTURE = "picture"  # any file whose name tells nothing else
    NPZ = "npz"
    ZIP = "zip"
    TAR = "tar"
    PARQUET = "parquet"
    CSV = "csv"
    NAMED = "named"
    SYNTHETIC = "synthetic"
    GLOB = "glob"


def file_kind(path: str) -> Kind:
    """The kind of a file by its name.

    >>> file_kind("cells.TAR.gz"), file_kind("cell.jpg")
    (<Kind.TAR: 'tar'>, <Kind.PICTURE: 'picture'>)
    """
    lowered = located(path).name.lower() if is_url(path) else path.lower()
    return next((Kind(kind) for kind, ends in _SUFFIXES.items() if lowered.endswith(ends)), Kind.PICTURE)


def kind_of(source: str) -> Kind:
    """The kind of a source: a path that exists goes before a name, and a name before a glob.

    Raises:
        SourceError: there is no such source, and what may have been meant; or a pipe or device ought to be a container.

    >>> kind_of("synthetic:64")
    <Kind.SYNTHETIC: 'synthetic'>
    """
    if not source.strip():
        raise SourceError("No source is named", KINDS)
    if is_url(source):
        return _kind_elsewhere(named(source))
    path = expanded(source)
    if is_there(path) and path.is_dir():
        return Kind.FOLDER
    if os.path.lexists(path):
        kind = file_kind(source)
        if kind != Kind.PICTURE and path.exists() and not path.is_file():
            raise SourceError(f"{source}: not a regular file", KINDS)
        return kind
    if source in NAMED:
        return Kind.NAMED
    if source == "synthetic" or source.startswith("synthetic:"):
        return Kind.SYNTHETIC
    if glob.has_magic(source):
        return Kind.GLOB
    raise SourceError(f"{source}: there is no such source{_near(path)}", KINDS)


def expanded(source: str) -> Path:
    """A source as a path, ``~`` written out; one of a user whom there is not stays as it is. See also `located`."""
    return located(os.path.expanduser(source))  # noqa: PTH111 (a Path refuses that)


def _kind_elsewhere(url: str) -> Kind:
    """The kind of a source elsewhere; its store is asked whether there is one, and whether it is a folder.

    Raises:
        SourceError: there is none.
    """
    from hemascope.data.remote.listing import has_magic
    from hemascope.data.remote.reading import about

    if has_magic(url):
        return Kind.GLOB
    return Kind.FOLDER if about(url).is_folder else file_kind(located(url).name)


def is_image(path: str) -> bool:
    """Whether the name is that of a picture."""
    if "?" in path and is_url(path):
        path = located(path).name
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122 (a Path takes ten times as long)


def writable(name: str) -> str:
    r"""A file's name in valid Unicode: bytes of it that are no UTF-8 become ``\xNN``.

    >>> print(writable("caf\udce9.png"))
    caf\xe9.png
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def require_writable(path: Path | str) -> None:
    """Make sure that tables can hold the name of a source's file or folder.

    Raises:
        SourceError: it is not UTF-8.
    """
    name = writable(str(path))
    if name != str(path):
        raise SourceError(f"{name}: the name is not UTF-8, so no table can hold it", "Rename the file or its folders.")


def passed_over(paths: Iterable[str]) -> str:
    """A line that says how many of some files are no images by their suffix, and which; "" where all are.

    >>> passed_over(["1.png", "2.HEIC", "3.heic", "4"])
    '3 files are no image by the suffix and passed over: 2 .heic, 1 no suffix'
    """
    found = Counter(Path(path).suffix.lower() or "no suffix" for path in paths if not is_image(path))
    if not found:
        return ""
    kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in found.most_common(6))
    number = found.total()
    files_are = "file is" if number == 1 else "files are"
    return f"{number:,} {files_are} no image by the suffix and passed over: {kinds}{', ...' * (len(found) > 6)}"


PREDICTIONS = ("path", "label", "confidence", "error")
"""Columns of every table of `hemascope predict`."""


def is_predictions(header: Sequence[str]) -> bool:
    """Whether a table is one of `hemascope predict`, whose labels are a model's.

    >>> is_predictions(["path", "label", "confidence", "monocyte", "platelet", "error"])
    True
    """
    return set(PREDICTIONS) <= set(header)


def _near(path: Path) -> str:
    """A guess at what was meant: the nearest name beside the first part of the path that does not exist."""
    import difflib

    # From the front, since a path may have thousands of parts.
    missing = next((part for part in reversed(path.parents) if not is_there(part)), path)
    try:
        beside = {entry.name: str(entry) for entry in missing.parent.iterdir()}
    except OSError:
        beside = {}
    if len(path.parts) == 1:
        beside.update({name: name for name in (*NAMED, "synthetic")})
    near = difflib.get_close_matches(missing.name, beside, n=1)
    return f" (did you mean {beside[near[0]]}?)" if near else ""
