"""Which of the folders above an image names its class, and which its split; refuses where that cannot be told."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.listing import LABORATORIES
from hemascope.data.manifest import SPLITS
from hemascope.data.sources.names import class_name, laboratory_name, split_name
from hemascope.errors import SourceError


class Placed(NamedTuple):
    """A file below a class folder: its row in the list that was asked about, the folder's name, and the split."""

    row: int
    folder: str
    split: str


def place(parts: Sequence[tuple[str, ...]], images: Sequence[bool], source: str) -> list[Placed]:
    """The files that lie in class folders, with train/val/test folders above or directly below these.

    Args:
        parts: of every file, its folders and its name below the source's root.
        images: whether each is an image; other files tell nothing of the layout.
        source: for errors.

    Returns:
        Those in class folders; where there are splits, one split after another.

    Raises:
        SourceError: split folders beside class folders, or without class folders in them, or of several divisions;
            or folders above the classes that are neither, such as patients.
    """
    tops = {names[0] for names in parts if len(names) > 1}
    splits = {top: split_name(top) or "" for top in tops}
    if any(splits[names[0]] for names in parts if len(names) > 2):
        _require_one_division(splits, source)
        found = [Placed(row, names[1], splits[names[0]]) for row, names in enumerate(parts) if len(names) > 2]
        _require_classes([(one.folder, parts[one.row][2:-1]) for one in found if images[one.row]], source)
        return sorted(found, key=lambda one: SPLITS.index(one.split))
    if tops and all(splits.values()):
        raise SourceError(
            f"{source}: its train/val/test folders hold no class folders", "Put the images in one folder a class."
        )
    found = [Placed(row, names[0], "") for row, names in enumerate(parts) if len(names) > 1]
    below = [split_name(parts[one.row][1]) if len(parts[one.row]) > 2 else None for one in found]
    inside = [split for split, one in zip(below, found, strict=True) if images[one.row]]
    if inside and all(inside):
        found = [one._replace(split=split) for one, split in zip(found, below, strict=True) if split]
        return sorted(found, key=lambda one: SPLITS.index(one.split))
    if any(inside):
        raise SourceError(
            f"{source}: some images lie in train/val/test folders inside their class folders, others beside them",
            "Put all of them into such folders, or none.",
        )
    _require_classes([(one.folder, parts[one.row][1:-1]) for one in found if images[one.row]], source)
    return found


_LABORATORY = re.compile(rf"({'|'.join(LABORATORIES)})=(.*\S.*)", re.IGNORECASE)


def laboratory_folder(name: str) -> str:
    """The laboratory that a folder ``laboratory=NAME`` (or ``lab=``, ``site=`` ...) names, "" for other folders.

    >>> laboratory_folder("laboratory=Barcelona"), laboratory_folder("Barcelona")
    ('Barcelona', '')
    """
    found = _LABORATORY.fullmatch(name)
    return laboratory_name(found[2]) if found else ""


def take_laboratories(
    parts: Sequence[tuple[str, ...]], images: Sequence[bool], source: str
) -> tuple[list[str], list[tuple[str, ...]]]:
    """The laboratory of every file, by the folder above its split and class that names it; and the other folders.

    Args:
        parts: of every file, its folders and its name below the source's root.
        images: whether each is an image.
        source: for the error.

    Returns:
        Names, "" where there are none, and the parts without these folders.

    Raises:
        SourceError: some images lie in laboratories' folders, others beside them.

    >>> take_laboratories([("lab=A", "monocyte", "1.png"), ("lab=B", "monocyte", "1.png")], [True, True], "cells")
    (['A', 'B'], [('monocyte', '1.png'), ('monocyte', '1.png')])
    """
    names, rest = [], []
    for own in parts:
        found = [laboratory_folder(folder) for folder in own[:-1]]
        names.append(next(filter(None, found), ""))
        rest.append((*(folder for folder, name in zip(own, found, strict=False) if not name), own[-1]))
    outside = sum(image and not name for image, name in zip(images, names, strict=True))
    if any(names) and outside:
        raise SourceError(
            f"{source}: {outside} of its images lie beside the folders that name laboratories",
            "Move them into one: laboratory=NAME.",
        )
    return names, rest


def _require_one_division(splits: dict[str, str], source: str) -> None:
    strangers = sorted(folder for folder, split in splits.items() if not split)
    if strangers:
        raise SourceError(
            f"{source}: {', '.join(strangers)} beside train/val/test folders",
            "Move these folders away, or into one of the splits.",
        )
    folders = defaultdict(list)
    for folder, split in splits.items():
        folders[split].append(folder)
    if sum(len(named) > 1 for named in folders.values()) > 1:  # train1, test1, train2, test2: cross-validation
        raise SourceError(
            f"{source}: {', '.join(sorted(splits))} are more than one division into train/val/test",
            "Name a folder that holds one of them.",
        )


def _require_classes(images: list[tuple[str, tuple[str, ...]]], source: str) -> None:
    """Refuse folders that look like patients, folds or laboratories: they share what lies in them, or hold blood cells.

    Args:
        images: of every image, the folder taken for its class, and the folders below that.
        source: for the error.
    """
    tops = {top for top, _ in images}
    if len(tops) < 2 or any(class_name(top) in BLOOD_CLASSES for top in tops):
        return
    for level in range(min(len(below) for _, below in images)):
        inner: dict[str, set[str]] = defaultdict(set)
        for top, below in images:
            inner[top].add(class_name(below[level]))
        names = set().union(*inner.values())
        shared = {name for name in names if sum(name in held for held in inner.values()) > 1}
        if names <= set(BLOOD_CLASSES) or (len(names) > 1 and all(held & shared for held in inner.values())):
            some = ", ".join(sorted(tops)[:3]) + ", ..." * (len(tops) > 3)
            raise SourceError(
                f"{source}: {some} hold folders of the same names ({', '.join(sorted(shared or names)[:4])}), so "
                "it cannot be told which are the classes",
                "Keep one level of class folders (train/val/test may stand above), call folders of laboratories "
                "laboratory=NAME, or list the images in a CSV of path, label, split and laboratory.",
            )
