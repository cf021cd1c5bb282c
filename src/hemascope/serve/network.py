"""Uploads to answers: decoded, classified and ready to become JSON. Runs in the threads of the batcher."""

from typing import Any

import numpy as np

from hemascope.data.decode import decode
from hemascope.errors import DecodeError
from hemascope.predict.card import set_levels
from hemascope.predict.classifier import Classifier, Prediction
from hemascope.serve.body import Upload
from hemascope.serve.problems import INTERNAL, UNREADABLE_IMAGE, Kind

DIGITS = 6
"""Decimals of every probability given."""


class Network:
    """A classifier for uploads; safe to call from several threads.

    Args:
        classifier: loaded with one thread: the threads are those that call.
        max_pixels: larger images are refused before they are unpacked.
    """

    def __init__(self, classifier: Classifier, max_pixels: int) -> None:
        self.classifier = classifier
        self._max_pixels = max_pixels
        self._coverages = set_levels(classifier.card)

    def __call__(self, uploads: list[Upload]) -> list[dict[str, Any]]:
        """An answer an upload, with the members of `hemascope.serve.schemas.Answer`."""
        decoded = [self._decode(upload) for upload in uploads]
        pictures = [picture for picture in decoded if isinstance(picture, np.ndarray)]
        predictions = iter(self.classifier(pictures) if pictures else [])
        return [
            self._answer(upload.name, next(predictions))
            if isinstance(picture, np.ndarray)
            else _failure(upload.name, UNREADABLE_IMAGE, picture)
            for upload, picture in zip(uploads, decoded, strict=True)
        ]

    def _decode(self, upload: Upload) -> np.ndarray | str:
        """The pixels, or why there are none."""
        try:
            return decode(upload.data, name="image", max_pixels=self._max_pixels)
        except DecodeError as problem:
            return str(problem).removeprefix("image: ")

    def _answer(self, name: str | None, prediction: Prediction) -> dict[str, Any]:
        if prediction.error:
            return _failure(name, INTERNAL, prediction.error)
        values = prediction.probabilities
        row = np.array([list(values.values())])
        return {
            "file": name,
            "label": prediction.label,
            "confidence": round(prediction.confidence, DIGITS),
            "probabilities": {label: round(value, DIGITS) for label, value in values.items()},
            "unknown": None if prediction.unknown is None else round(prediction.unknown, DIGITS),
            "is_unknown": prediction.is_unknown,
            "sets": {
                # A set promises that one of the classes is true; of a picture like none of them it cannot.
                f"{coverage:g}": self.classifier.sets(row, coverage)[0]
                for coverage in (() if prediction.is_unknown else self._coverages)
            },
            "error": None,
        }


def _failure(name: str | None, kind: Kind, reason: str) -> dict[str, Any]:
    return {
        "file": name,
        "label": None,
        "confidence": None,
        "probabilities": {},
        "unknown": None,
        "is_unknown": None,
        "sets": {},
        "error": kind.details(reason[:300]),
    }
