"""Fields to the cells in them: one field at work at a time, in a thread of its own beside the classifying."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from hemascope.cores import usable_cores
from hemascope.data.decode import decode
from hemascope.data.left_out import left_out
from hemascope.errors import DecodeError, ModelFileError
from hemascope.fields.cell import KINDS, Cell
from hemascope.fields.defaults import DETECTOR
from hemascope.fields.detector import Detector, load_detector
from hemascope.fields.read import FieldRead, read_field
from hemascope.fields.scale import WHITE
from hemascope.predict.card import set_levels
from hemascope.predict.classifier import Classifier
from hemascope.serve.batching import Batcher
from hemascope.serve.body import Upload
from hemascope.serve.network import DIGITS
from hemascope.serve.problems import INTERNAL, UNREADABLE_IMAGE
from hemascope.serve.settings import IMAGE_WORK, Settings

WAITING = 64
"""Fields that may wait, all requests together."""

_WAITING_FIELDS = 4  # of the largest size: as many pixels may wait
_TIME = 0.8  # share of a request's seconds that a search may take: a client that had to wait comes again, and is told
_MOST_CELLS = 20_000  # of a field: more are no cells, and their answer would be of many megabytes


class Searched(NamedTuple):
    """What is said of an uploaded field.

    Attributes:
        answer: with the members of `hemascope.serve.count.Searched`.
        read: the field; one with an error where it failed.
    """

    answer: dict[str, Any]
    read: FieldRead


class Counter:
    """What searches fields. Lives in an event loop.

    Attributes:
        batcher: the queue of fields.
        name: of the detector and its digest, as answers give them.
        about: the same, and how to cut out a cell.
    """

    def __init__(self, detector: Detector, classifier: Classifier, settings: Settings) -> None:
        self._detector = detector
        self._classifier = classifier
        self._settings = settings
        self.name = {"name": detector.card.name, "sha256": detector.digest}
        self.about = {**self.name, "framing": detector.card.framing, "white_width": WHITE}
        self.batcher: Batcher[Upload, Searched] = Batcher(
            lambda uploads: [self._search(upload) for upload in uploads],
            threads=1,
            batch=1,
            queue=WAITING,
            queue_work=_WAITING_FIELDS * (settings.max_field_pixels + IMAGE_WORK),
            gather=settings.gather,
        )

    @classmethod
    def open(cls, classifier: Classifier, settings: Settings) -> Counter | None:
        """Load the detector; None where none was named and none is shipped.

        Raises:
            ModelFileError: the one that was named cannot be used.
        """
        threads = settings.threads or max(1, usable_cores() // settings.workers)
        try:
            detector = load_detector(settings.detector, threads=threads, device=settings.device)
        except ModelFileError:
            if settings.detector != DETECTOR:
                raise
            return None
        return cls(detector, classifier, settings)

    def _search(self, upload: Upload) -> Searched:
        """The cells of one field."""
        name = upload.name or "field"
        try:
            with left_out() as more:
                field = decode(upload.data, name="image", max_pixels=self._settings.max_field_pixels)
        except DecodeError as problem:
            return _failed(upload, UNREADABLE_IMAGE.details(str(problem).removeprefix("image: ")[:300]))
        except MemoryError:
            return _failed(upload, INTERNAL.details("The machine's memory does not suffice for it."))
        model = self._classifier
        read = read_field(
            self._detector,
            model,
            name,
            field,
            more[0] if more else "",
            attributes=model.vocabulary is not None,
            until=time.monotonic() + _TIME * self._settings.seconds,
        )
        if read.error:
            return _failed(upload, INTERNAL.details(read.error[:300]))
        if len(read.cells) > _MOST_CELLS:
            return _failed(upload, INTERNAL.details(f"More than {_MOST_CELLS:,} things in it look like cells."))
        return Searched(_answer(upload.name, read, model), replace(read, pixels=None))  # others of the request wait


def _failed(upload: Upload, error: dict[str, Any]) -> Searched:
    read = FieldRead.failed(upload.name or "field", str(error["detail"]))
    return Searched({**_answer(upload.name, read, None), "cells": [], "error": error}, read)


def _answer(name: str | None, read: FieldRead, model: Classifier | None) -> dict[str, Any]:
    counted = [cell.kind for cell in read.cells if cell.counted]
    return {
        "file": name,
        "width": read.width,
        "height": read.height,
        "red_width": read.red_width,
        "scale": round(read.scale, DIGITS),
        "scale_from": read.scale_from,
        **{kind: counted.count(kind) for kind in KINDS},
        "cells": [_cell(cell, model) for cell in read.cells] if model else [],
        "notes": _notes(read),
        "error": None,
    }


def _notes(read: FieldRead) -> list[str]:
    """What to know of a field, in sentences."""
    if read.error:
        return []
    notes = []
    if read.red_width is None:
        notes.append("Too few red cells were found to tell how large it is magnified: cells may be missing.")
    if read.left_out:
        notes.append(f"Left out of its file: {read.left_out}.")
    return notes


def _cell(cell: Cell, model: Classifier) -> dict[str, Any]:
    values = dict(zip(model.classes, (round(value, DIGITS) for value in cell.probabilities), strict=False))
    sets: dict[str, list[str]] = {}
    if cell.probabilities and not cell.is_unknown:
        row = np.array([cell.probabilities])
        sets = {f"{coverage:g}": list(model.sets(row, coverage)[0]) for coverage in set_levels(model.card)}
    words = dict(zip(model.vocabulary.names, cell.attributes, strict=False)) if model.vocabulary else {}
    return {
        "box": list(cell.box),
        "kind": cell.kind,
        "score": cell.score,
        "border": cell.border,
        "counted": cell.counted,
        "label": cell.label,
        "confidence": None if cell.confidence is None else round(cell.confidence, DIGITS),
        "probabilities": values,
        "unknown": None if cell.unknown is None else round(cell.unknown, DIGITS),
        "is_unknown": cell.is_unknown if cell.unknown is not None else None,
        "sets": sets,
        "attributes": {name: word for name, word in words.items() if word},
        "appearance": cell.appearance,
        "error": INTERNAL.details(cell.error[:300]) if cell.error else None,
    }
