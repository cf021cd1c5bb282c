"""What annotations come as, found out: a table, COCO, Pascal VOC or YOLO, read into one list of fields."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from hemascope.cells import KINDS
from hemascope.data.annotations.checked import check_fields
from hemascope.data.annotations.coco import is_coco, read_coco
from hemascope.data.annotations.fields import Annotations
from hemascope.data.annotations.kinds import given_kinds
from hemascope.data.annotations.raw import RawField, below, forget
from hemascope.data.annotations.table import is_boxes, read_table
from hemascope.data.annotations.voc import read_voc
from hemascope.data.annotations.yolo import SETTINGS, class_files, read_yolo
from hemascope.data.delimited import read_delimited
from hemascope.data.kinds import Kind as FileKind
from hemascope.data.kinds import expanded, file_kind, is_image, require_writable
from hemascope.data.remote.path import located
from hemascope.data.sources.names import split_name
from hemascope.data.walk import walk
from hemascope.errors import SourceError
from hemascope.progress import SILENT, Progress

SOURCES = (
    "Annotated fields are a CSV (file,xmin,ymin,xmax,ymax,label), a COCO .json, a folder of Pascal VOC's .xml, a YOLO "
    "folder with data.yaml or classes.txt, or a folder that holds one of these."
)
"""All that annotations can be, for errors and the help."""


def open_annotations(
    source: str | Path,
    *,
    kinds: Mapping[str, str] | Iterable[str] = (),
    annotated: Iterable[str] | None = None,
    progress: Progress = SILENT,
) -> Annotations:
    """Read the fields of a source, their boxes and the kinds of these; every picture is read once.

    A kind without a box in the whole source is taken as not annotated in it, which is told.

    Args:
        source: a file or a folder, see ``SOURCES``.
        kinds: of labels that are not known: ``{"blast": "white"}`` or ``["blast=white"]``; ``none`` passes them over.
        annotated: the kinds that are boxed in the source, where its boxes do not show that.
        progress: how many are read; what was left out or clipped, and what is not annotated.

    Returns:
        The fields, with ``split`` as the source names it and no ``group``.

    Raises:
        SourceError: no such source, or one that cannot be read as it is; it names the file, the row and the remedy.
    """
    forget()
    path = expanded(str(source)).resolve()
    require_writable(path)
    given = given_kinds(kinds)
    raw = _raw(path, progress)
    name = path.stem if path.is_file() and path.name not in _COMMON else (path.parent if path.is_file() else path).name
    found = Annotations(name or "fields", tuple(check_fields(raw, name or "fields", given, progress)))
    if annotated is not None:
        chosen = list(annotated)
        if not chosen or set(chosen) - set(KINDS):
            raise SourceError(f"--annotated {','.join(chosen)}: not a list of kinds", f"Kinds are {', '.join(KINDS)}.")
        found = found.with_annotated(chosen)
    for line in found.words:
        progress.say(line)
    return found


_COMMON = {"annotations.csv", "_annotations.csv", "labels.csv", "cells.csv", "_annotations.coco.json", *SETTINGS}
"""Names of files that say less of the data than their folder's does."""


def _raw(path: Path, progress: Progress) -> list[RawField]:
    if path.is_dir():
        return _of_folder(path, progress)
    if not path.is_file():
        raise SourceError(f"{path}: there is no such file or folder", SOURCES)
    if path.name in SETTINGS:
        return _of_folder(path.parent, progress)
    if path.suffix.lower() == ".json":
        return read_coco(path)
    if path.suffix.lower() == ".xml":
        return _some(read_voc([path], path.parent), path)
    if file_kind(path.name) == FileKind.CSV:
        return read_table(path)
    raise SourceError(f"{path}: a file of kind {path.suffix or path.name!r} holds no annotations", SOURCES)


def _of_folder(folder: Path, progress: Progress) -> list[RawField]:
    files: list[Path] = []
    for path, error in walk(str(folder)):
        if error:
            raise SourceError(error, "Make it readable, or move it away.")
        files.append(located(path))
    ends: dict[str, list[Path]] = {}
    for file in files:
        ends.setdefault(file.suffix.lower(), []).append(file)
    listing = [file for file in ends.get(".csv", []) + ends.get(".tsv", []) if _has_boxes(file)]
    coco = [file for file in ends.get(".json", []) if is_coco(file)]
    classes = class_files(folder)
    kinds = {
        "a CSV": [file for file in listing if _is_near(file, folder)],
        "COCO": [file for file in coco if _is_near(file, folder)],
        "Pascal VOC": ends.get(".xml", []),
        "YOLO": classes,
    }
    far = [below(file, folder) for file in (*listing, *coco)]
    if far and not any(kinds.values()):
        raise SourceError(
            f"{folder}: holds annotations further down: {', '.join(far[:4])}{', ...' * (len(far) > 4)}",
            "Name each of them as a source of its own, since each may have other kinds boxed.",
        )
    there = {kind: found for kind, found in kinds.items() if found}
    if len(there) != 1:
        what = " and ".join(f"{kind} ({below(found[0], folder)})" for kind, found in there.items())
        raise SourceError(
            f"{folder}: holds {f'annotations of several kinds: {what}' if there else 'no annotations that are known'}",
            "Name the file, or the folder of one of them." if there else SOURCES,
        )
    if kinds["a CSV"]:
        return [field for file in kinds["a CSV"] for field in _placed(_with_split(read_table(file), file), folder)]
    if kinds["COCO"]:
        return [field for file in kinds["COCO"] for field in _placed(read_coco(file), folder)]
    if classes:
        return _some(read_yolo([file for file in files if is_image(file.name)], folder, classes, progress), folder)
    return _some(read_voc(ends[".xml"], folder), folder)


def _is_near(file: Path, folder: Path) -> bool:
    """Whether a file lies in the folder itself, or in one of a split or of annotations in it."""
    inside = file.relative_to(folder).parts[:-1]
    return all(split_name(part) or part.lower() in ("annotations", "labels", "images") for part in inside)


def _with_split(fields: list[RawField], file: Path) -> list[RawField]:
    """The fields of a table, which its name or its folder's may say the split of: train.csv, train/annotations.csv."""
    split = split_name(file.stem) or split_name(file.parent.name) or ""
    for field in fields:
        field.split = field.split or split
    return fields


def _placed(fields: list[RawField], folder: Path) -> list[RawField]:
    """The fields with names that begin at the source's folder, where they lie in it."""
    for field in fields:
        if field.path.is_relative_to(folder):
            field.name = field.path.relative_to(folder).as_posix()
    return fields


def _some(fields: list[RawField], source: Path) -> list[RawField]:
    if not fields:
        raise SourceError(f"{source}: none of its pictures has boxes", SOURCES)
    return fields


def _has_boxes(file: Path) -> bool:
    try:
        return is_boxes(read_delimited(file, "").header)
    except SourceError:
        return False
