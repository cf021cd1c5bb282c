"""Boxes held against their pictures: sizes that agree, corners within, and a word on all that is left out."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from hemascope.cells import KINDS
from hemascope.cores import usable_cores
from hemascope.data.annotations.fields import LabelledField, without_copies
from hemascope.data.annotations.kinds import numbered_kinds
from hemascope.data.annotations.raw import RawBox, RawField
from hemascope.data.decode import decode
from hemascope.data.remote.pool import READERS
from hemascope.data.remote.url import is_url
from hemascope.errors import DecodeError, SourceError
from hemascope.progress import SILENT, Progress

_LEAST = 1.0  # pixels of a side: less is a slip of the mouse
_AHEAD = 64


class _Seen(NamedTuple):
    """A picture that was read: width and height, and a digest of its pixels; or why it could not be."""

    size: tuple[int, int]
    digest: str
    error: str = ""


class _Words:
    """What was left out or changed: how often, and where first."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def note(self, what: str, place: str) -> None:
        count, first = self._found.get(what, (0, place))
        self._found[what] = (count + 1, first)

    def lines(self, name: str) -> list[str]:
        return [f"{name}: {what}: {count:,}, first {first}" for what, (count, first) in self._found.items()]


def check_fields(
    raw: Sequence[RawField], name: str, given: Mapping[str, str], progress: Progress = SILENT
) -> list[LabelledField]:
    """Read every picture, and bring the boxes into its pixels.

    A box that reaches over the edge is clipped; one with a side below a pixel, and a second one at the same place, are
    left out; so is a field whose picture cannot be read, and a second field of the same pixels. All that is told.

    Args:
        raw: the fields of a source; two of one picture are joined.
        name: of the source.
        given: kinds of labels, as `hemascope.data.annotations.kinds.given_kinds` reads them.
        progress: how many are read, and what was left out.

    Raises:
        SourceError: a box that is reversed or lies outside its field, a picture of another size than stated, an
            unknown label, or no field that can be read.
    """
    fields = _joined(raw)
    kinds = numbered_kinds((box.label for field in fields for box in field.boxes), given, name)
    boxed = {KINDS[number] for number in kinds.values() if number >= 0}
    words, found = _Words(), list[LabelledField]()
    progress.step(f"reading fields of {name}", len(fields))
    for count, (field, seen) in enumerate(_read(fields), start=1):
        progress.done(count)
        if seen.error:
            words.note("fields left out because they cannot be read", seen.error)
            continue
        _require_size(field, seen.size)
        boxes = _clipped(field, seen.size, words)
        kept = [(box, corners) for box, corners in boxes if kinds[box.label] >= 0]
        annotated = boxed if field.annotated is None else set(field.annotated)
        made = LabelledField(
            name=field.name,
            path=field.path,
            boxes=np.array([corners for _, corners in kept], np.float32).reshape(-1, 4),
            kinds=np.array([-1 - kinds[box.label] if box.ignore else kinds[box.label] for box, _ in kept], np.int64),
            annotated=tuple(kind in annotated for kind in KINDS),
            source=field.source or name,
            labels=tuple(box.label for box, _ in kept),
            size=seen.size,
            split=field.split,
            group=field.group,
            digest=seen.digest,
        )
        found.append(made)
    found, copies = without_copies(found)
    for copy, kept_one in copies:
        words.note("fields left out because they are copies of others", f"{copy}, a copy of {kept_one}")
    for line in words.lines(name):
        progress.say(line)
    if not found:
        reason = next(iter(words.lines(name)), f"{name}: it holds no fields")
        raise SourceError(reason, "Put the pictures where the annotations name them, and name the folder again.")
    return found


def _joined(raw: Sequence[RawField]) -> list[RawField]:
    """One field a picture, sorted by name."""
    found: dict[str, RawField] = {}
    for field in raw:
        first = found.setdefault(str(field.path), field)
        if first is not field:
            first.boxes += field.boxes
    return sorted(found.values(), key=lambda field: field.name)


def _read(fields: Sequence[RawField]) -> Iterator[tuple[RawField, _Seen]]:
    many = READERS if any(is_url(str(field.path)) for field in fields) else usable_cores()
    with ThreadPoolExecutor(many, thread_name_prefix="decode") as pool:
        for start in range(0, len(fields), _AHEAD):
            some = fields[start : start + _AHEAD]
            yield from zip(some, pool.map(_look, some), strict=True)


def _look(field: RawField) -> _Seen:
    try:
        image = decode(field.path)
    except DecodeError as problem:
        return _Seen((0, 0), "", problem.problem)
    height, width = image.shape[:2]
    digest = hashlib.blake2b(image.tobytes(), digest_size=16, key=f"{width}x{height}".encode())
    return _Seen((width, height), digest.hexdigest())


def _require_size(field: RawField, size: tuple[int, int]) -> None:
    if all(field.size) and field.size != size:
        turned = field.size == size[::-1]
        raise SourceError(
            f"{field.place}: {field.name} is {field.size[0]} x {field.size[1]} pixels there, but {size[0]} x {size[1]} "
            "as a picture, so its boxes would lie beside the cells",
            "It is turned by its EXIF orientation: save it anew, turned, and annotate that."
            if turned
            else "Use the pictures that were annotated, or scale the boxes.",
        )


def _clipped(
    field: RawField, size: tuple[int, int], words: _Words
) -> list[tuple[RawBox, tuple[float, float, float, float]]]:
    """The boxes with corners in pixels, within the field."""
    width, height = size
    scale = np.array([width, height, width, height]) if field.relative else np.ones(4)
    found: list[tuple[RawBox, tuple[float, float, float, float]]] = []
    there = set()
    for box in field.boxes:
        xmin, ymin, xmax, ymax = (float(value) for value in np.array(box.corners) * scale)
        if xmax < xmin or ymax < ymin:
            raise SourceError(
                f"{box.place}: the box {_shown(box)} of {field.name} is reversed: it ends before it begins",
                "Write the corners as xmin, ymin, xmax, ymax; or are they x, y, width and height?",
            )
        if xmin >= width or ymin >= height or xmax <= 0 or ymax <= 0:
            raise SourceError(
                f"{box.place}: the box {_shown(box)} lies outside of {field.name}, which is {width} x {height} pixels",
                "Mend or delete it; if it is so with all, the boxes are in another unit, or of another picture.",
            )
        corners = (max(xmin, 0.0), max(ymin, 0.0), min(xmax, float(width)), min(ymax, float(height)))
        if max(abs(a - b) for a, b in zip(corners, (xmin, ymin, xmax, ymax), strict=True)) >= 1:
            words.note("boxes clipped because they reach over the edge", box.place)
        if corners[2] - corners[0] < _LEAST or corners[3] - corners[1] < _LEAST:
            words.note("boxes left out because they are less than a pixel wide or high", box.place)
        elif (corners, box.label) in there:
            words.note("boxes left out because they stand there twice", box.place)
        else:
            there.add((corners, box.label))
            found.append((box, corners))
    return found


def _shown(box: RawBox) -> str:
    return f"({', '.join(f'{value:g}' for value in box.corners)})"
