"""A field with its boxes, and all the fields of a source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hemascope.cells import KIND_TITLES, KINDS

_RANK = {"": 0, "train": 1, "val": 2, "test": 3}
_SUSPICIOUS = 0.1  # of the fields: a kind boxed in fewer of them is perhaps not boxed in all where it is


@dataclass(frozen=True, eq=False)
class LabelledField:
    """A field of a smear, and the cells that are marked in it.

    Attributes:
        name: below its source's folder.
        path: of the picture.
        boxes: float32 (n, 4): xmin, ymin, xmax, ymax in pixels of the field as `hemascope.data.decode` gives it,
            which begin at 0; within the field, and none of them empty.
        kinds: int64 (n,), numbers in `hemascope.cells.KINDS`; -1 - number for a region of which nothing is asked, be it
            a crowd or what no one is sure of.
        annotated: of each kind, whether its cells are boxed at all; those of others must not count as background.
        source: name of the source that it is of.
        labels: of each box, as the source has it.
        size: width and height in pixels.
        split: train, val, test, or "" where the source names none.
        group: fields of one group, such as those of a slide, never fall on both sides of a split.
        digest: of the pixels.
    """

    name: str
    path: Path
    boxes: np.ndarray
    kinds: np.ndarray
    annotated: tuple[bool, ...]
    source: str = ""
    labels: tuple[str, ...] = ()
    size: tuple[int, int] = (0, 0)
    split: str = ""
    group: str = ""
    digest: str = ""

    def count(self, kind: int) -> int:
        """How many boxes of a kind there are."""
        return int((self.kinds == kind).sum())


@dataclass(frozen=True, eq=False)
class Annotations:
    """The fields of a source.

    Attributes:
        name: of the source, for reports.
        fields: in order of their names.
    """

    name: str
    fields: tuple[LabelledField, ...]

    def __len__(self) -> int:
        return len(self.fields)

    def part(self, *splits: str) -> list[LabelledField]:
        """The fields of some splits."""
        return [field for field in self.fields if field.split in splits]

    @property
    def annotated(self) -> tuple[bool, ...]:
        """Of each kind, whether it is boxed in any field."""
        return tuple(any(field.annotated[kind] for field in self.fields) for kind in range(len(KINDS)))

    def with_annotated(self, kinds: Sequence[str]) -> "Annotations":
        """The same where only these kinds are boxed; boxes of others are left out."""
        annotated = tuple(kind in kinds for kind in KINDS)
        return replace(self, fields=tuple(_only(field, annotated) for field in self.fields))

    @property
    def words(self) -> list[str]:
        """What there is of each kind, in lines worth saying: what is boxed, what is not, and what is suspicious."""
        boxed, lines = [], []
        for number, (kind, annotated) in enumerate(zip(KINDS, self.annotated, strict=True)):
            title = KIND_TITLES[kind]
            if not annotated:
                lines.append(
                    f"{self.name}: no {title} are boxed, so they count neither as found nor as wrong in it; if there "
                    f"are none, say what was looked for: --annotated {self.name}={','.join(KINDS)}"
                )
                continue
            boxes = sum(field.count(number) for field in self.fields)
            within = sum(field.count(number) > 0 for field in self.fields)
            fields = sum(field.annotated[number] for field in self.fields)
            boxed.append(f"{boxes:,} {title}")
            others = [other for other, yes in zip(KINDS, self.annotated, strict=True) if yes and other != kind]
            if within < _SUSPICIOUS * fields and others:
                lines.append(
                    f"{self.name}: {title} are boxed in {within:,} of {fields:,} fields only; if they were not looked "
                    f"for in the others: --annotated {self.name}={','.join(others)}"
                )
        return [f"{self.name}: {len(self):,} fields; boxes of {', '.join(boxed) or 'no cell'}", *lines]


def without_copies(fields: Sequence[LabelledField]) -> tuple[list[LabelledField], list[tuple[str, str]]]:
    """Each picture once: of copies the one in the split that scores, else the first; and the names of (copy, kept)."""
    kept: dict[str, LabelledField] = {}
    copies = []
    for field in fields:
        key = field.digest or str(field.path)
        first = kept.setdefault(key, field)
        if first is not field:
            kept[key] = max(first, field, key=lambda one: _RANK[one.split])  # the first of equals
            copies.append((field.name, first.name) if kept[key] is first else (first.name, field.name))
    return list(kept.values()), copies


def _only(field: LabelledField, annotated: tuple[bool, ...]) -> LabelledField:
    keep = np.array(annotated)[np.where(field.kinds < 0, -1 - field.kinds, field.kinds)]
    labels = tuple(label for label, kept in zip(field.labels, keep, strict=True) if kept)
    return replace(field, boxes=field.boxes[keep], kinds=field.kinds[keep], labels=labels, annotated=annotated)
