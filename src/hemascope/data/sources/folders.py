"""Folders of images, one a class, with or without train/val/test folders above them."""

from collections.abc import Iterator
from pathlib import Path

from hemascope.data.decode import IMAGE_SUFFIXES
from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.sources.names import class_name, class_order, recognise_files, require_classes, split_name
from hemascope.errors import SourceError

_JUNK = {"thumbs.db", "desktop.ini", "__macosx"}  # what file managers leave behind


def read_folders(folder: Path) -> Manifest:
    """List the images of class folders; subfolders of a class folder belong to the class.

    A file that is no image by its suffix gets a row that says so; files that file managers leave behind are
    passed over.

    Raises:
        SourceError: no class folders, empty ones, one class only, or split folders beside class folders.
    """
    folder = folder.absolute()
    inside = _folders(folder)
    if not inside:
        what = "holds images but no class folders" if any(_files(folder)) else "is empty"
        raise SourceError(
            f"{folder}: the folder {what}",
            "Put the images in one folder a class. To classify unlabelled images, use: hemascope predict",
        )
    splits = {path: split_name(path.name) for path in inside}
    if any(splits[path] and _folders(path) for path in inside):
        strangers = [path.name for path in inside if not splits[path] and any(_files(path))]
        if strangers:
            raise SourceError(
                f"{folder}: {', '.join(strangers)} beside train/val/test folders",
                "Move these folders away, or into one of the splits.",
            )
        parts = [(split, path) for path, split in splits.items() if split]
        parts.sort(key=lambda part: SPLITS.index(part[0]))
    elif all(splits.values()):
        raise SourceError(
            f"{folder}: its train/val/test folders hold no class folders", "Put the images in one folder a class."
        )
    else:
        parts = [("", folder)]
    return _listed(folder, parts)


def _listed(folder: Path, parts: list[tuple[str, Path]]) -> Manifest:
    paths: list[str] = []
    labels: list[str] = []
    row_splits: list[str] = []
    errors: list[str] = []
    names: list[str] = []
    for split, part in parts:
        for class_folder in _folders(part):
            label = class_name(class_folder.name)
            for file in _files(class_folder):
                paths.append(str(file))
                names.append(file.name)
                labels.append(label)
                row_splits.append(split)
                suffix = file.suffix.lower()
                errors.append("" if suffix in IMAGE_SUFFIXES else f"{file}: not an image file by its suffix {suffix!r}")
    if not any(error == "" for error in errors):
        raise SourceError(
            f"{folder}: its class folders hold no images", f"Known suffixes: {' '.join(sorted(IMAGE_SUFFIXES))}"
        )
    classes = class_order(label for label, error in zip(labels, errors, strict=True) if not error)
    require_classes(classes, folder)
    about = recognise_files(names)
    return Manifest.build(paths, labels, classes, splits=row_splits, errors=errors, name=folder.name, **about._asdict())


def _visible(path: Path) -> bool:
    return not path.name.startswith(".") and path.name.lower() not in _JUNK


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and _visible(path))


def _files(folder: Path) -> Iterator[Path]:
    """Every visible file under a folder, in a fixed order."""
    for path in sorted(folder.iterdir()):
        if not _visible(path):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
