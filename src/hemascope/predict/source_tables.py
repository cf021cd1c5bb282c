"""Tables that are sources of images: of the images themselves, or of the paths to them."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from hemascope.data.kinds import Kind, file_kind
from hemascope.data.remote.path import located
from hemascope.errors import DecodeError
from hemascope.predict.pixels import Picture

# What only some tables need is imported where they are met: one picture is to be classified at once.


def check_table(path: str) -> None:
    """Refuse a table that has neither images nor paths.

    Raises:
        SourceError: it has none, or cannot be read.
    """
    if not holds_images(path):
        next(iter(listed(path)), None)


def pictures(path: str) -> Iterator[tuple[str, Picture | Callable[[], np.ndarray] | DecodeError]]:
    """The images of a Parquet file, or of the paths in a CSV, a Manifest or a table of predictions.

    Gives names of rows, and what `hemascope.predict.items.Item` holds.

    Raises:
        SourceError: it cannot be read, or has neither images nor paths.
    """
    from hemascope.data.containers.open import Containers
    from hemascope.data.listing import Place

    if holds_images(path):
        from hemascope.data.containers import parquet

        yield from ((Place(path, member).name, picture) for member, picture in parquet.images(path))
        return
    containers = Containers()
    for file, member, error in listed(path):
        name = Place(file, member).name
        if error:
            yield name, DecodeError(error)
        else:
            yield name, containers.job(file, member) if member else file
    containers.close()


def holds_images(path: str) -> bool:
    """Whether a table is a Parquet file with a column of images, or ought to be one."""
    if file_kind(path) == Kind.CSV:
        return False
    from hemascope.data.containers.parquet import IMAGES, image_column, is_manifest, read_schema
    from hemascope.data.listing import PATHS, column

    schema = read_schema(path)
    if is_manifest(schema) or (not set(IMAGES) & set(schema.names) and column(schema.names, PATHS) is not None):
        return False
    image_column(path, schema)
    return True


def listed(path: str) -> Iterable[tuple[str, str, str]]:
    """Path, member and error of every row of a CSV, a Manifest or a table of predictions."""
    from hemascope.data.listing import places, read_listing

    if file_kind(path) == Kind.PARQUET:
        from hemascope.data.containers.parquet import is_manifest, manifest_rows, read_schema

        if is_manifest(read_schema(path)):
            return manifest_rows(path)
    found = places(located(path), read_listing(located(path)))
    return [(file, member, "" if file else f"{path}: the row names no file") for file, member in found]
