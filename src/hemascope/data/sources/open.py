"""What a data set comes as, found out: a name, a folder, a glob or a file, read into one Manifest."""

from dataclasses import replace
from pathlib import Path

from hemascope.data.containers.parquet import parquet_files
from hemascope.data.dataset import Dataset, is_dataset
from hemascope.data.kinds import KINDS, Kind, expanded, is_image, kind_of, require_writable
from hemascope.data.manifest import Manifest
from hemascope.data.named import fetch_named
from hemascope.data.remote.url import is_url
from hemascope.data.sources.dataset import read_dataset
from hemascope.data.sources.folders import read_archive, read_folders, read_glob
from hemascope.data.sources.npz import read_npz
from hemascope.data.sources.parquet import read_parquet
from hemascope.data.sources.synthetic import read_synthetic
from hemascope.data.sources.table import read_table
from hemascope.errors import SourceError
from hemascope.progress import SILENT, Progress


def open_source(source: str | Path | Dataset, *, unlabelled: bool = False, progress: Progress = SILENT) -> Manifest:
    """Read a data set's rows: where each image is, its label and split. The images stay unread.

    Args:
        source: a path, a glob or a name, see `hemascope.data.kinds.KINDS`. A path that exists goes before a name. Or an
            object of the library `datasets`, see `hemascope.data.sources.dataset`.
        unlabelled: images without labels will do: pictures, folders of them, tables without a column of labels. The
            Manifest then has no classes.
        progress: told the bytes when a named set is fetched, and of files that are passed over.

    Returns:
        The Manifest: paths absolute, ``split`` filled where the source names splits, ``group`` -1.

    Raises:
        SourceError: no such source, or one that cannot be read; it says why and what to do.

    >>> len(open_source("synthetic:16"))
    16
    """
    if is_dataset(source):
        return read_dataset(source, unlabelled=unlabelled)
    text = str(source)
    kind = kind_of(text)
    path = expanded(text)
    text = str(path) if is_url(text) else text
    whole = path.resolve()  # a Manifest's paths hold good from any folder, and without ".." they read well
    if kind not in (Kind.NAMED, Kind.SYNTHETIC):
        require_writable(whole)
    match kind:
        case Kind.FOLDER:
            files = parquet_files(whole)
            if files:
                return read_parquet(files, whole, unlabelled=unlabelled)
            return read_folders(whole, unlabelled=unlabelled, progress=progress)
        case Kind.GLOB:
            return read_glob(str(path), unlabelled=unlabelled, progress=progress)
        case Kind.TAR | Kind.ZIP:
            return read_archive(whole, unlabelled=unlabelled, progress=progress)
        case Kind.NPZ:
            return read_npz(whole, unlabelled=unlabelled)
        case Kind.PARQUET:
            return read_parquet([whole], whole, unlabelled=unlabelled)
        case Kind.CSV:
            return read_table(whole, unlabelled=unlabelled)
        case Kind.NAMED:
            return replace(read_npz(fetch_named(text, progress)), name=text)
        case Kind.SYNTHETIC:
            return read_synthetic(text)
        case Kind.PICTURE:
            if unlabelled and is_image(text):
                return Manifest.build([str(whole)], [""], [], name=whole.name)
            what = whole.suffix.lower() or whole.name
            raise SourceError(f"{whole}: a file of kind {what!r} is no source", KINDS)
