"""Uploads to answers: decoded, classified and ready to become JSON. Runs in the threads of the batcher."""

from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from hemascope.data.decode import decode
from hemascope.errors import DecodeError
from hemascope.predict.card import set_levels
from hemascope.predict.classifier import Classifier
from hemascope.predict.prediction import Prediction
from hemascope.predict.unlike import Look, mean_colours
from hemascope.serve.body import Upload
from hemascope.serve.problems import INTERNAL, UNREADABLE_IMAGE, Kind

DIGITS = 6
"""Decimals of every probability given."""


class Judged(NamedTuple):
    """What is said of an upload.

    Attributes:
        answer: with the members of `hemascope.serve.schemas.Answer`.
        colour: float (3,), from `hemascope.predict.unlike.mean_colours`; None where the image failed.
    """

    answer: dict[str, Any]
    colour: np.ndarray | None = None


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

    def __call__(self, uploads: list[Upload]) -> list[Judged]:
        """An answer an upload."""
        decoded = [self._decode(upload) for upload in uploads]
        pictures = [picture for picture in decoded if isinstance(picture, np.ndarray)]
        attributes = self.classifier.vocabulary is not None
        predictions = iter(self.classifier(pictures, attributes=attributes) if pictures else [])
        return [
            self._judged(upload.name, picture, next(predictions))
            if isinstance(picture, np.ndarray)
            else Judged(_failure(upload.name, UNREADABLE_IMAGE, picture))
            for upload, picture in zip(uploads, decoded, strict=True)
        ]

    def _decode(self, upload: Upload) -> np.ndarray | str:
        """The pixels, or why there are none."""
        try:
            return decode(upload.data, name="image", max_pixels=self._max_pixels)
        except DecodeError as problem:
            return str(problem).removeprefix("image: ")

    def unlike(self, judged: list[Judged]) -> dict[str, Any] | None:
        """That the images of a request are unlike those of the model's calibration; None where they are not."""
        look = Look(self.classifier.card)
        for answer, colour in judged:
            if colour is not None:
                look.add(colour[None], np.array([list(answer["probabilities"].values())]))
        found = look.unlike()
        return asdict(found) if found else None

    def _judged(self, name: str | None, picture: np.ndarray, prediction: Prediction) -> Judged:
        if prediction.error:
            return Judged(_failure(name, INTERNAL, prediction.error))
        return Judged(self._answer(name, prediction), mean_colours(picture[None])[0])

    def _answer(self, name: str | None, prediction: Prediction) -> dict[str, Any]:
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
            "attributes": prediction.attributes,
            "appearance": prediction.appearance,
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
        "attributes": {},
        "appearance": "",
        "error": kind.details(reason[:300]),
    }
