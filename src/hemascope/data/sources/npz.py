"""NumPy archives of images: MedMNIST's files, and the challenge's ``training_set.npz``."""

import re
from pathlib import Path

import numpy as np

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.containers.npz import npy_array, npy_headers
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.sources.names import (
    BLOODMNIST,
    About,
    class_names,
    class_order,
    numbered,
    require_classes,
    spellings,
)
from hemascope.errors import SourceError

Headers = dict[str, tuple[tuple[int, ...], np.dtype]]

_WANTED = "train_images and train_labels (also val_..., test_...), or images and labels"
_UNLABELLED = -1
_NAMES = re.compile(r"classes|names|categories|(class(es)?|labels?|targets?|categor(y|ies))_?(names?|map)")


def read_npz(path: Path, *, unlabelled: bool = False) -> Manifest:
    """List the images of a .npz; of the arrays of images, only the headers are read.

    Either MedMNIST's keys, whose official splits are kept, or ``images`` and ``labels``: uint8 (n, h, w),
    (n, h, w, 1), (n, h, w, 3) or (n, h, w, 4), and integers (n,) or (n, 1) from 0, -1 where unlabelled. Class
    names come from an array of text called ``classes``, ``class_names``, ``label_names`` or the like where there is
    one; eight classes of a file whose name begins
    with ``bloodmnist``, or under the key ``images``, are the eight blood classes; others are numbered.

    Args:
        path: the file.
        unlabelled: an array of images without labels will do.

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
        _check_images(path, headers, images)
        if unlabelled and labels not in headers:
            numbers.append(np.full(headers[images][0][0], _UNLABELLED, np.int64))
        else:
            numbers.append(_labels(path, headers, images, labels))
        members += [f"{images}/{index}" for index in range(len(numbers[-1]))]
        splits += [split] * len(numbers[-1])
    targets = np.concatenate(numbers)
    if not len(targets):
        raise SourceError(f"{path}: it holds no images", f"Wanted are {_WANTED}.")
    names, spelt, about = _names(path, headers, targets)
    classes = class_order(names, given=True)
    if classes or not unlabelled:
        require_classes(classes, path)
    row_labels = [names[target] if target != _UNLABELLED else "" for target in targets]
    paths = [str(path)] * len(targets)
    return Manifest.build(
        paths,
        row_labels,
        classes,
        members=members,
        splits=splits,
        name=path.stem,
        spelt=spelt,
        **about._asdict(),
    )


def _check_images(path: Path, headers: Headers, images: str) -> None:
    shape, dtype = headers[images]
    if dtype != np.uint8:
        raise SourceError(
            f"{path}: {images!r} is {dtype}, not uint8", "Scale the pixels to 0 .. 255 and save as uint8."
        )
    if not (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3, 4))):
        raise SourceError(f"{path}: {images!r} has shape {shape}", "Wanted are (n, h, w) or (n, h, w, 3).")


def _labels(path: Path, headers: Headers, images: str, labels: str) -> np.ndarray:
    """Class numbers, int64 (n,), of one array of images, after they were checked."""
    if labels not in headers:
        raise SourceError(f"{path}: no key {labels!r} beside {images!r}; found: {', '.join(sorted(headers))}")
    shape, _ = headers[images]
    values = np.asarray(npy_array(path, labels))
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


def _names(path: Path, headers: Headers, targets: np.ndarray) -> tuple[tuple[str, ...], tuple[str, ...], About]:
    """A name for each class number, spellings of the names, and what is known of the set."""
    count = int(targets.max()) + 1
    blood = path.stem.lower().startswith("bloodmnist")
    keys = [key for key in headers if _holds_names(key, *headers[key], count, len(targets))]
    texts = {key: _read_names(path, key, headers[key][1]) for key in keys}
    spelt = [text for several in texts.values() for text in several]
    spelt_as = dict(zip(spelt, class_names(spelt, path), strict=True))
    named = {tuple(spelt_as[text] for text in several): key for key, several in texts.items()}
    if len(named) > 1:
        raise SourceError(
            f"{path}: {' and '.join(sorted(named.values()))} name the classes differently", "Keep the right one."
        )
    if named:
        ((names, key),) = named.items()
        if len(names) < count or len(set(names)) != len(names):
            raise SourceError(f"{path}: {count} classes in the labels, but {key!r} names {len(set(names))}")
        return names, spellings(spelt_as, spelt_as.values()), About()
    if count == len(BLOOD_CLASSES) and (blood or "images" in headers):
        return BLOOD_CLASSES, BLOOD_CLASSES, BLOODMNIST if blood else About()
    if count > 1 and len(targets) <= targets.max():
        raise SourceError(f"{path}: class number {count - 1} in {len(targets)} images", "Number the classes from 0.")
    return numbered(count), numbered(count), About()


def _holds_names(key: str, shape: tuple[int, ...], dtype: np.dtype, classes: int, images: int) -> bool:
    """Whether an array names the classes: by its own name, or as text of their number, which is not the images'."""
    text = dtype.kind in "USO" and shape == (classes,) and classes != images
    return text or _NAMES.fullmatch(key.lower()) is not None


def _read_names(path: Path, key: str, dtype: np.dtype) -> list[str]:
    """The names of the classes in an array of text, or of bytes in UTF-8, as they are spelt there."""
    if dtype.kind not in "US":
        kind = "Python objects" if dtype.hasobject else str(dtype)
        raise SourceError(
            f"{path}: {key!r} ought to name the classes, but holds {kind}", "Save it as text: numpy.array([...], 'U')."
        )
    values = np.asarray(npy_array(path, key)).reshape(-1).tolist()
    try:
        return [value.decode() if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError as problem:
        raise SourceError(f"{path}: {key!r} is not in UTF-8 ({problem})", "Save it as text.") from problem
