"""NumPy archives of images: MedMNIST's files, and the challenge's ``training_set.npz``."""

import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.containers import npy_array, npy_headers
from hemascope.data.download import Progress, fetch
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.sources.names import BLOODMNIST, About, class_name, class_order, numbered, require_classes
from hemascope.errors import SourceError

Headers = dict[str, tuple[tuple[int, ...], np.dtype]]

_WANTED = "train_images and train_labels (also val_..., test_...), or images and labels"
_UNLABELLED = -1


def read_npz(path: Path) -> Manifest:
    """List the images of a .npz; of the arrays of images, only the headers are read.

    Either MedMNIST's keys, whose official splits are kept, or ``images`` and ``labels``: uint8 (n, h, w),
    (n, h, w, 1), (n, h, w, 3) or (n, h, w, 4), and integers (n,) or (n, 1) from 0, -1 where unlabelled. Class
    names come from an array ``classes`` of strings where there is one; eight classes of a file whose name begins
    with ``bloodmnist``, or under the key ``images``, are the eight blood classes; others are numbered.

    Raises:
        SourceError: unknown keys, lengths that differ, a wrong dtype or shape, one class only.
    """
    headers = npy_headers(path)
    if "train_images" in headers:
        parts = [(name, f"{name}_images", f"{name}_labels") for name in SPLITS if f"{name}_images" in headers]
    elif "images" in headers:
        parts = [("", "images", "labels")]
    else:
        found = ", ".join(sorted(headers)) or "none"
        raise SourceError(f"{path}: its keys are {found}", f"Wanted are {_WANTED}.")
    members: list[str] = []
    splits: list[str] = []
    numbers = []
    for split, images, labels in parts:
        numbers.append(_labels(path, headers, images, labels))
        members += [f"{images}/{index}" for index in range(len(numbers[-1]))]
        splits += [split] * len(numbers[-1])
    targets = np.concatenate(numbers)
    if not len(targets):
        raise SourceError(f"{path}: it holds no images", f"Wanted are {_WANTED}.")
    names, about = _names(path, headers, targets)
    classes = class_order(names, given=True)
    require_classes(classes, path)
    row_labels = [names[target] if target != _UNLABELLED else "" for target in targets]
    paths = [str(path)] * len(targets)
    return Manifest.build(paths, row_labels, classes, members=members, splits=splits, name=path.stem, **about._asdict())


def _labels(path: Path, headers: Headers, images: str, labels: str) -> np.ndarray:
    """Class numbers, int64 (n,), of one array of images, after both were checked."""
    if labels not in headers:
        raise SourceError(f"{path}: no key {labels!r} beside {images!r}; found: {', '.join(sorted(headers))}")
    shape, dtype = headers[images]
    if dtype != np.uint8:
        raise SourceError(
            f"{path}: {images!r} is {dtype}, not uint8", "Scale the pixels to 0 .. 255 and save as uint8."
        )
    if not (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3, 4))):
        raise SourceError(f"{path}: {images!r} has shape {shape}", "Wanted are (n, h, w) or (n, h, w, 3).")
    values = npy_array(path, labels)
    if values.dtype.kind not in "iu":
        raise SourceError(f"{path}: {labels!r} is {values.dtype}", "Wanted are class numbers: integers from 0.")
    if values.ndim not in (1, 2) or (values.ndim == 2 and values.shape[1] != 1):
        raise SourceError(
            f"{path}: {labels!r} has shape {values.shape}", "Wanted is one class number an image: (n,) or (n, 1)."
        )
    if len(values) != shape[0]:
        raise SourceError(f"{path}: {shape[0]} images in {images!r} but {len(values)} labels in {labels!r}")
    values = values.reshape(-1).astype(np.int64)
    if values.min(initial=0) < _UNLABELLED:
        raise SourceError(f"{path}: {labels!r} has class number {values.min()}", "Class numbers begin at 0.")
    return values


def _names(path: Path, headers: Headers, targets: np.ndarray) -> tuple[tuple[str, ...], About]:
    """A name for each class number, and what is known of the set."""
    count = int(targets.max()) + 1
    blood = path.stem.lower().startswith("bloodmnist")
    if "classes" in headers and headers["classes"][1].kind == "U":
        names = tuple(class_name(str(name)) for name in npy_array(path, "classes").reshape(-1))
        if len(names) < count or len(set(names)) != len(names):
            raise SourceError(f"{path}: {count} classes in the labels, but 'classes' names {len(set(names))}")
        return names, About()
    if count == len(BLOOD_CLASSES) and (blood or "images" in headers):
        return BLOOD_CLASSES, BLOODMNIST if blood else About()
    if count > 1 and len(targets) <= targets.max():
        raise SourceError(f"{path}: class number {count - 1} in {len(targets)} images", "Number the classes from 0.")
    return numbered(count), About()


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


def fetch_named(name: str, progress: Progress | None = None) -> Manifest:
    """List a set of ``NAMED``, fetching its file into the cache where it is not there yet.

    Raises:
        HemascopeError: the file cannot be fetched or is not the right one.
    """
    url, md5 = NAMED[name]
    path = fetch(url, cache_folder() / f"{name}.npz", md5=md5, progress=progress)
    return replace(read_npz(path), name=name)


def cache_folder() -> Path:
    """Where fetched files are kept: ``HEMASCOPE_CACHE``, else ``hemascope`` in the user's cache folder."""
    own = os.environ.get("HEMASCOPE_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser().absolute() if shared else Path.home() / ".cache") / "hemascope"
