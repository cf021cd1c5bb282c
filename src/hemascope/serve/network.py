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

    def __call__(self, uploads: list[Upload]) -> list[Judged]:
        """An answer an upload, by the model that it wants."""
        decoded = [self._decode(upload) for upload in uploads]
        judged: dict[int, Judged] = {}
        pictures: dict[Classifier, dict[int, np.ndarray]] = {}
        for place, (upload, found) in enumerate(zip(uploads, decoded, strict=True)):
            if isinstance(found, str):
                judged[place] = Judged(_failure(upload.name, UNREADABLE_IMAGE, found))
            else:
                pictures.setdefault(upload.model or self.classifier, {})[place] = found
        for model, theirs in pictures.items():
            predictions = model(list(theirs.values()), attributes=model.vocabulary is not None)
            for (place, picture), prediction in zip(theirs.items(), predictions, strict=True):
                judged[place] = _judged(model, uploads[place].name, picture, prediction)
        return [judged[place] for place in range(len(uploads))]

    def _decode(self, upload: Upload) -> np.ndarray | str:
        """The pixels, or why there are none."""
        try:
            return decode(upload.data, name="image", max_pixels=self._max_pixels)
        except DecodeError as problem:
            return str(problem).removeprefix("image: ")

    def unlike(self, judged: list[Judged], model: Classifier | None = None) -> dict[str, Any] | None:
        """That the images of a request are unlike those of the model's calibration; None where they are not."""
        look = Look((model or self.classifier).card)
        for answer, colour in judged:
            if colour is not None:
                look.add(colour[None], np.array([list(answer["probabilities"].values())]))
        found = look.unlike()
        return asdict(found) if found else None


def _judged(model: Classifier, name: str | None, picture: np.ndarray, prediction: Prediction) -> Judged:
    if prediction.error:
        return Judged(_failure(name, INTERNAL, prediction.error))
    return Judged(_answer(model, name, prediction), mean_colours(picture[None])[0])


def _answer(model: Classifier, name: str | None, prediction: Prediction) -> dict[str, Any]:
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
            f"{coverage:g}": model.sets(row, coverage)[0]
            for coverage in (() if prediction.is_unknown else set_levels(model.card))
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
