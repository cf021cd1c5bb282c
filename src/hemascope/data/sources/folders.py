"""Images in class folders: on disk, in an archive, or found by a glob.

There may be folders train, val and test above or in those of the classes, and above all of them laboratory=NAME.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.containers import tar
from hemascope.data.containers import zip as zip_archive
from hemascope.data.kinds import IMAGE_SUFFIXES, KINDS, Kind, file_kind, is_image, passed_over, writable
from hemascope.data.manifest import Manifest
from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url, parts_of
from hemascope.data.sources.layout import laboratory_folder, place, take_laboratories
from hemascope.data.sources.names import (
    class_name,
    class_names,
    class_order,
    recognise_files,
    require_classes,
    spellings,
    split_name,
)
from hemascope.data.sources.parquet import read_parquet
from hemascope.data.visible import inner_parts
from hemascope.data.walk import Found, glob_root, matches, walk
from hemascope.errors import SourceError
from hemascope.progress import SILENT, Progress

_ARCHIVES = (Kind.ZIP, Kind.TAR)


class File(NamedTuple):
    """A file of a source: where it is, and its folders and name below the source's root."""

    path: str
    member: str
    parts: tuple[str, ...]
    error: str = ""


def read_folders(folder: Path, *, unlabelled: bool = False, progress: Progress = SILENT) -> Manifest:
    """List the images of class folders; subfolders of a class folder belong to the class.

    A file that is no image by its suffix gets a row that says so; files that file managers leave behind are
    passed over, and all that lies beside class folders too.

    Args:
        folder: that of the classes or of the splits; absolute.
        unlabelled: a folder of pictures without class folders will do.
        progress: told how many files are no images, and how many pictures lie beside the class folders.

    Raises:
        SourceError: no class folders, empty ones, one class only, two that would be called alike, or folders of
            which it cannot be told whether they are the classes.
    """
    return _manifest(list(_on_disk(walk(str(folder)), str(folder))), str(folder), folder.name, unlabelled, progress)


def read_archive(path: Path, *, unlabelled: bool = False, progress: Progress = SILENT) -> Manifest:
    """List the images of a zip or tar archive of class folders; otherwise as `read_folders`.

    One folder that holds all the others, as archives often have, is passed over unless it is a class or a split.
    """
    name = path.name[: -len("".join(path.suffixes))] or path.name
    return _manifest(_in_archive(path), str(path), name, unlabelled, progress)


def read_glob(pattern: str, *, unlabelled: bool = False, progress: Progress = SILENT) -> Manifest:
    """List the images that a glob matches; the folders of classes lie in the folder where the glob begins.

    ``cells/*/1*.png`` takes its classes from the folders in ``cells``; ``parts/*.tar`` from those in each archive.
    Otherwise as `read_folders`.

    Raises:
        SourceError: as there; or the glob matches nothing, or files that have to be named one at a time.
    """
    root = glob_root(pattern)
    found = list(matches(pattern))
    kinds = {file_kind(file) for file, _ in found}
    if kinds == {Kind.PARQUET}:
        return read_parquet([located(file).resolve() for file, _ in found], located(pattern), unlabelled=unlabelled)
    if kinds & {Kind.NPZ, Kind.CSV, Kind.PARQUET}:
        raise SourceError(f"{pattern}: matches files of several images and labels", "Name one of them. " + KINDS)
    archives = [located(file).resolve() for file, _ in found if file_kind(file) in _ARCHIVES]
    files = [file for archive in archives for file in _in_archive(archive)]
    files += _on_disk((one for one in found if file_kind(one.path) not in _ARCHIVES), root)
    if not files:
        raise SourceError(f"{pattern}: no picture matches this", "Check it; ** looks in subfolders.")
    return _manifest(files, pattern, located(root).resolve().name, unlabelled, progress)


def _on_disk(found: Iterable[Found], root: str) -> Iterator[File]:
    elsewhere = is_url(root)
    whole = Path() if elsewhere else Path(root).resolve()
    for path, error in found:
        if error:
            raise SourceError(error, "Make it readable, or move it away.")
        if elsewhere:
            yield File(path, "", inner_parts(parts_of(path).path.removeprefix(parts_of(root).path)))
            continue
        inside = os.path.relpath(path, root)
        yield File(os.path.join(whole, inside), "", tuple(Path(inside).parts))  # noqa: PTH118 (a Path takes longer)


def _in_archive(path: Path) -> list[File]:
    names = (zip_archive if file_kind(path.name) == Kind.ZIP else tar).names(str(path))
    files = [File(str(path), name, inner_parts(name)) for name in dict.fromkeys(names)]
    while len(tops := {file.parts[0] for file in files}) == 1:
        (top,) = tops
        inside_folders = all(len(file.parts) > 2 for file in files if is_image(file.member))
        if not inside_folders or split_name(top) or laboratory_folder(top) or class_name(top) in BLOOD_CLASSES:
            break
        files = [file._replace(parts=file.parts[1:]) for file in files if len(file.parts) > 1]
    return files


def _manifest(files: list[File], source: str, name: str, unlabelled: bool, progress: Progress) -> Manifest:
    """The rows of the files that lie in class folders, with the label and the split that these name."""
    files = [_written(file) for file in files]
    if line := passed_over(file.parts[-1] for file in files):
        progress.say(line)
    images = [is_image(file.parts[-1]) for file in files]
    laboratories, parts = take_laboratories([file.parts for file in files], images, source)
    files = [file._replace(parts=own) for file, own in zip(files, parts, strict=True)]
    if not any(len(own) > 1 for own in parts):
        pictures = [file for file in files if is_image(file.parts[-1])]
        if unlabelled and pictures:
            return _listed(pictures, [""] * len(pictures), (), name=name)
        what = {Kind.TAR: "the archive", Kind.ZIP: "the archive", Kind.PICTURE: "the folder"}.get(
            file_kind(source), "it"
        )
        raise SourceError(
            f"{source}: {what} {'holds images but no class folders' if files else 'is empty'}",
            "Put the images in one folder a class. To classify unlabelled images, use: hemascope predict",
        )
    placed = place([file.parts for file in files], images, source)
    rows = [files[one.row]._replace(error=_problem(files[one.row])) for one in placed]
    errors = [file.error for file in rows]
    if all(errors):
        named = next((file.error for file in rows if is_image(file.parts[-1])), "")
        raise SourceError(
            f"{source}: its class folders hold no images{f' that can be used: {named}' * bool(named)}",
            f"Known suffixes: {' '.join(sorted(IMAGE_SUFFIXES))}",
        )
    spelt = [one.folder.strip() or "_" for one in placed]
    labels = class_names(spelt, source)
    classes = class_order(label for label, error in zip(labels, errors, strict=True) if not error)
    require_classes(classes, source)
    if beside := sum(is_image(file.parts[-1]) for file in files) - sum(is_image(file.parts[-1]) for file in rows):
        lie = "picture lies" if beside == 1 else "pictures lie"
        progress.say(f"{beside:,} {lie} beside the class folders, without a class, and passed over")
    about = recognise_files(file.parts[-1] for file in rows)
    return _listed(
        rows,
        labels,
        classes,
        splits=[one.split for one in placed],
        laboratories=[laboratories[one.row] for one in placed],
        name=name,
        spelt=spellings(spelt, labels),
        **about._asdict(),
    )


def _listed(files: list[File], labels: list[str], classes: tuple[str, ...], **about: Any) -> Manifest:
    paths, members = [file.path for file in files], [file.member for file in files]
    return Manifest.build(paths, labels, classes, members=members, errors=[file.error for file in files], **about)


def _written(file: File) -> File:
    """The file by a name that can be written: bytes that are no UTF-8 become ``\\xNN``, and the row has an error."""
    path, member, *parts = (writable(text) for text in (file.path, file.member, *file.parts))
    same = (path, member) == (file.path, file.member)
    error = "" if same else f"{path}{'#' * bool(member)}{member}: the name is not UTF-8; rename it"
    return File(path, member, tuple(parts), error)


def _problem(file: File) -> str:
    """Why a file cannot be used, "" where it can."""
    if file.error or is_image(file.parts[-1]):
        return file.error
    suffix = Path(file.parts[-1]).suffix.lower()
    return f"{file.path}{'#' * bool(file.member)}{file.member}: not an image file by its suffix {suffix!r}"
