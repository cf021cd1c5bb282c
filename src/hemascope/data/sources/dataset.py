"""Objects of the library `datasets`: listed where their rows lie, so that a training of them can be gone on with."""

from typing import Any

from hemascope.data.dataset import Dataset, image_column, parts, places, source_name
from hemascope.data.listing import LABORATORIES, SPLITS, column
from hemascope.data.manifest import Manifest
from hemascope.data.sources.names import laboratory_name, split_name
from hemascope.data.sources.parquet import LABELS, Shard, joined, named_labels
from hemascope.data.sources.table import row_split
from hemascope.errors import SourceError


def read_dataset(source: Dataset, *, unlabelled: bool = False) -> Manifest:
    """List the rows of a dataset, or of a dict of them by split, in its order. The images stay where they lie.

    Labels are those of the feature ClassLabel, by its names, or of a column with a label's name; the split is the
    dict's key, or stands in a column ``split``; the laboratory in a column ``laboratory``.

    Args:
        source: of the library `datasets`.
        unlabelled: one without labels will do.

    Raises:
        SourceError: its rows lie in no files, it has no column of images or of labels, or one class only.
    """
    name = source_name(source)
    manifest = joined(
        [_shard(dataset, split, name, unlabelled) for split, dataset in parts(source)],
        name,
        name,
        unlabelled=unlabelled,
    )
    info = getattr(parts(source)[0][1], "info", None)
    licence, citation = (" ".join(str(getattr(info, key, None) or "").split()) for key in ("license", "citation"))
    return Manifest(manifest.table, manifest.classes, name, licence, citation, manifest.spelt)


def _shard(dataset: Dataset, split: str, name: str, unlabelled: bool) -> Shard:
    where = f"{name}, split {split}" if split else name
    place = places(dataset, image_column(dataset, where))
    if place is None:
        raise SourceError(
            f"{where}: its rows lie in memory, are streamed, or were filtered, so that a Run could not find them again",
            "Write it first, dataset.to_parquet('cells.parquet'), and give that file.",
        )
    rows = range(len(dataset))
    label = _label_column(dataset, where, unlabelled)
    values = [None] * len(rows) if label is None else _values(dataset, label)
    names = tuple(getattr(dataset.features[label], "names", None) or ()) if label is not None else ()
    texts, declared = named_labels(values, names, where)
    own = split_name(split) or "" if split else ""
    splits = [row_split(where, row, text) or own for row, text in enumerate(_texts(dataset, SPLITS), start=1)]
    return Shard(
        where,
        [place.path(row) for row in rows],
        [place.member(row) for row in rows],
        texts,
        declared,
        splits,
        [laboratory_name(text) for text in _texts(dataset, LABORATORIES)],
    )


def _label_column(dataset: Dataset, where: str, unlabelled: bool) -> str | None:
    features = dataset.features
    known = [name for name, feature in features.items() if type(feature).__name__ == "ClassLabel"]
    found = next((name for name in LABELS if name in features), known[0] if len(known) == 1 else None)
    if found is None and not unlabelled:
        raise SourceError(
            f"{where}: no column {LABELS[0]!r}; its columns are {', '.join(features)}",
            "Rename the one with the labels.",
        )
    return found


def _values(dataset: Dataset, name: str) -> list[Any]:
    return list(dataset.select_columns([name]).with_format("arrow")[:].column(name).to_pylist())


def _texts(dataset: Dataset, names: tuple[str, ...]) -> list[str]:
    """The first column of text that has one of some names, null and none at all as ""."""
    place = column(dataset.column_names, names)
    if place is None or getattr(dataset.features[dataset.column_names[place]], "dtype", "") != "string":
        return [""] * len(dataset)
    return [text or "" for text in _values(dataset, dataset.column_names[place])]
