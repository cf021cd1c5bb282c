"""What a data set comes as, found out: a name, a folder or a file, read into one Manifest."""

import difflib
from collections.abc import Callable
from pathlib import Path

from hemascope.data.manifest import Manifest
from hemascope.data.sources.folders import read_folders
from hemascope.data.sources.npz import NAMED, fetch_named, read_npz
from hemascope.data.sources.parquet import parquet_files, read_parquet
from hemascope.data.sources.synthetic import is_synthetic, read_synthetic
from hemascope.data.sources.table import read_table
from hemascope.errors import SourceError

Progress = Callable[[int, int | None], None]

KINDS = (
    "A source is a folder of class folders (with or without train/val/test above them), a MedMNIST .npz or one "
    "with 'images' and 'labels', Parquet in the Hugging Face layout, a CSV of paths and labels, a hemascope manifest, "
    f"or a name: {', '.join(NAMED)}, synthetic, synthetic:N, synthetic:N:SEED."
)


def open_source(spec: str | Path, *, progress: Progress | None = None) -> Manifest:
    """Read a data set's rows: where each image is, its label and split. The images stay unread.

    Args:
        spec: a path or a name, see ``KINDS``. A path that exists goes before a name.
        progress: called with the bytes fetched and their total (None where unknown) when a named set is fetched.

    Returns:
        The Manifest: paths absolute, ``split`` filled where the source names splits, ``group`` -1.

    Raises:
        SourceError: no such source, or one that cannot be read; it says why and what to do.

    >>> len(open_source("synthetic:16"))
    16
    """
    text = str(spec)
    path = Path(text).expanduser()
    if not text.strip():
        raise SourceError("No source is named", KINDS)
    whole = path.resolve()  # a Manifest's paths hold good from any folder, and without ".." they read well
    if path.is_dir():
        files = parquet_files(whole)
        return read_parquet(files, whole) if files else read_folders(whole)
    if path.is_file():
        return _read_file(whole)
    if text in NAMED:
        return fetch_named(text, progress)
    if is_synthetic(text):
        return read_synthetic(text)
    raise SourceError(f"{text}: there is no such source{_near(path)}", KINDS)


def _read_file(path: Path) -> Manifest:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return read_npz(path)
    if suffix in (".parquet", ".pq"):
        return read_parquet([path], path)
    if suffix in (".csv", ".tsv"):
        return read_table(path)
    raise SourceError(f"{path}: a file of kind {suffix or path.name!r} is no source", KINDS)


def _near(path: Path) -> str:
    """A guess at what was meant: the nearest name beside the first part of the path that does not exist."""
    missing = path
    while not missing.parent.exists():
        missing = missing.parent
    try:
        beside = {entry.name: str(entry) for entry in missing.parent.iterdir()}
    except OSError:
        beside = {}
    if len(path.parts) == 1:
        beside.update({name: name for name in (*NAMED, "synthetic")})
    near = difflib.get_close_matches(missing.name, beside, n=1)
    return f" (did you mean {beside[near[0]]}?)" if near else ""
