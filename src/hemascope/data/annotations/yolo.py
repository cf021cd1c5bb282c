"""Boxes from YOLO: a text file a field, a line a box: class number, then centre and size as shares of the picture."""

from collections.abc import Iterable
from pathlib import Path

from hemascope.data import plain_yaml
from hemascope.data.annotations.raw import RawBox, RawField, is_there, number, read_text
from hemascope.data.sources.names import split_name
from hemascope.errors import HemascopeError, SourceError
from hemascope.progress import SILENT, Progress

CLASSES = ("classes.txt", "obj.names", "_darknet.labels")
SETTINGS = ("data.yaml", "data.yml", "dataset.yaml")


def class_files(folder: Path) -> list[Path]:
    """The files of a folder, and of its folder ``labels``, that name YOLO's classes."""
    places = [folder, folder / "labels"]
    return [place / name for place in places for name in (*SETTINGS, *CLASSES) if is_there(place / name)]


def read_yolo(pictures: Iterable[Path], root: Path, classes: list[Path], progress: Progress = SILENT) -> list[RawField]:
    """The fields of a YOLO folder: labels beside the pictures, or in ``labels`` where these lie in ``images``.

    Splits are those of the folders. A picture without a file of labels is passed over; one with an empty file is a
    field without cells.

    Args:
        pictures: all of the folder.
        root: the source's folder.
        classes: what `class_files` gives.
        progress: told of pictures without labels.

    Raises:
        SourceError: classes or lines that cannot be read.
    """
    names = _names(classes)
    found: list[RawField] = []
    bare = 0
    for picture in pictures:
        inside = picture.relative_to(root)
        labels = _labels(picture, root)
        if labels is None:
            bare += 1
            continue
        folders = [part for part in inside.parts[:-1] if part not in ("images", "labels")]
        split = next(filter(None, map(split_name, folders)), "")
        field = RawField(picture, inside.as_posix(), str(labels), relative=True, split=split)
        for line, text in enumerate(read_text(labels).splitlines(), start=1):
            if text.strip():
                field.boxes.append(_box(text.split(), names, f"{labels}: line {line}"))
        found.append(field)
    if bare:
        progress.say(
            f"{root}: pictures passed over because they have no file of labels: {bare:,}; "
            "that of a field without cells is empty"
        )
    return found


def _labels(picture: Path, root: Path) -> Path | None:
    """The file of labels of a picture; None where there is none."""
    beside = picture.with_suffix(".txt")
    parts = picture.relative_to(root).parts
    places = [beside]
    for place, part in enumerate(parts[:-1]):
        if part == "images":
            places.append(root.joinpath(*parts[:place], "labels", *parts[place + 1 :]).with_suffix(".txt"))
    places.append((root / "labels").joinpath(*parts).with_suffix(".txt"))
    return next((place for place in places if is_there(place) and place.name not in CLASSES), None)


def _box(cells: list[str], names: dict[int, str], place: str) -> RawBox:
    """A box, or the box around a polygon."""
    if not cells[0].isdecimal() or len(cells[0]) > 6 or int(cells[0]) not in names:
        raise SourceError(f"{place}: there is no class {cells[0][:40]!r}", f"Known are {_known(names)}.")
    label = names[int(cells[0])]
    values = [number(cell, f"column {i}", place) for i, cell in enumerate(cells[1:], start=2)]
    if len(values) in (4, 5):  # the fifth is the confidence of a model's box
        x, y, width, height = values[:4]
        return RawBox(place, (x - width / 2, y - height / 2, x + width / 2, y + height / 2), label)
    if len(values) >= 6 and len(values) % 2 == 0:
        return RawBox(place, (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])), label)
    raise SourceError(
        f"{place}: {len(cells)} columns, not class, x, y, width, height", "Mend the line, or export it again as YOLO."
    )


def _known(names: dict[int, str]) -> str:
    shown = [f"{number} ({name})" for number, name in list(names.items())[:10]]
    return ", ".join(shown) + ", ..." * (len(names) > 10)


def _names(files: list[Path]) -> dict[int, str]:
    """The names of the class numbers, of the first file that has them."""
    for file in files:
        if file.name not in SETTINGS:
            lines = [line.strip() for line in read_text(file).splitlines()]
            found = {number: line for number, line in enumerate(lines) if line}
        else:
            found = _of_settings(file)
        if found:
            return found
    raise SourceError(
        f"{files[0] if files else 'labels'}: it names no classes",
        "Write classes.txt, the name of a class a line.",
    )


def _of_settings(file: Path) -> dict[int, str]:
    try:
        settings = plain_yaml.read(file)
    except HemascopeError as problem:
        raise SourceError(problem.problem, "Mend it, or put a classes.txt beside it.") from problem
    names = settings.get("names") if isinstance(settings, dict) else None
    pairs = (
        list(enumerate(names)) if isinstance(names, list) else list(names.items()) if isinstance(names, dict) else []
    )
    found = {}
    for key, name in pairs:
        if not str(key).isdecimal() or len(str(key)) > 6:
            raise SourceError(f"{file}: names: {str(key)[:40]!r} is no class number", "Write names: [a, b] or 0: a.")
        found[int(key)] = str(name)
    return found
