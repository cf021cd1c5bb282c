"""The card inside a detector's file: what it finds, at which scale, and how well."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hemascope.errors import ModelFileError
from hemascope.fields.cell import KINDS
from hemascope.predict.card_schema import is_count, is_number, is_plain, is_share, is_text

FORMAT = 1
METADATA_KEY = "hemascope_detector"
"""The key of the ONNX metadata that holds the card as JSON."""

_MOST_PIXELS = 4096
_REMEDY = "Take the file as it was written."


@dataclass(frozen=True)
class DetectorCard:
    """What travels with a detector's file.

    Attributes:
        name: the detector's name.
        kinds: those of `hemascope.fields.cell.KINDS`, in the order of the numbers in its output ``kinds``.
        red_width: pixels across a red cell at which it finds best; the graph resizes fields to it.
        scales: the least and the greatest such width that it was trained over.
        thresholds: kind -> score from which a cell is taken for one.
        framing: side of the square that the classifier is shown of a cell, in widths of a red cell.
        stride: resized pixels; the answers of two cuts of a field are the same where their corners differ by so many.
        reach: resized pixels around a cell that its answer depends on.
        data: name, licence and attribution of the training data, and the number of fields.
        licence: of the weights.
        scores: measured scores by their names.
        limits: what it must not be used for.
    """

    name: str
    kinds: tuple[str, ...]
    red_width: float
    scales: tuple[float, float]
    thresholds: dict[str, float]
    framing: float
    stride: int
    reach: int
    data: Any = ""
    licence: str = ""
    scores: dict[str, Any] = field(default_factory=dict)
    limits: str = ""

    def to_json(self) -> str:
        """The card as JSON with its format.

        >>> card = DetectorCard("d", KINDS, 40, (20, 80), dict.fromkeys(KINDS, 0.4), 3, 16, 96)
        >>> DetectorCard.from_json(card.to_json()) == card
        True
        """
        return json.dumps({"format": FORMAT, **asdict(self)}, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, path: str = "detector") -> DetectorCard:
        """Read a card; keys that this release does not know are passed over.

        Raises:
            ModelFileError: not a card, of a newer format, or what it says cannot be.
        """
        try:
            values = json.loads(text)
            version = values["format"]
        except (ValueError, LookupError, TypeError, RecursionError) as problem:
            raise _refusal(path, repr(problem)) from problem
        if type(version) is int and version > FORMAT:
            raise ModelFileError(
                f"{path}: its card was written by a newer hemascope, in format {version} (known here: up to {FORMAT})",
                "Upgrade with: pip install --upgrade hemascope",
            )
        if version != FORMAT:
            raise _refusal(path, f"format {version!r:.40}")
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in values.items() if key in known}
        if wrong := _problem(values):
            raise _refusal(path, wrong)
        return cls(**{**values, "kinds": tuple(values["kinds"]), "scales": tuple(values["scales"])})


def _refusal(path: str, why: str) -> ModelFileError:
    return ModelFileError(f"{path}: the detector's card cannot be read ({why})", _REMEDY)


def _problem(values: dict[str, Any]) -> str:
    """What is wrong with a card's fields; "" where nothing is."""
    for name in ("name", "kinds", "red_width", "scales", "thresholds", "framing", "stride", "reach"):
        if name not in values:
            return f"it lacks {name}"
    for name, (what, holds) in _FIELDS.items():
        if name in values and not holds(values[name]):
            return f"{name} is not {what}"
    low, high = values["scales"]
    return "" if low <= values["red_width"] <= high else "red_width is not within scales"


def _is_width(value: Any) -> bool:
    return is_number(value) and 1 <= value <= _MOST_PIXELS


def _are_kinds(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_text, value)) and sorted(value) == sorted(KINDS)


def _are_thresholds(value: Any) -> bool:
    return isinstance(value, dict) and sorted(value) == sorted(KINDS) and all(map(is_share, value.values()))


def _is_pixels(value: Any) -> bool:
    return is_count(value) and 1 <= value <= _MOST_PIXELS


_TEXT = ("a text", is_text)
_FIELDS = {
    "name": _TEXT,
    "kinds": (f"the list of {', '.join(KINDS)}", _are_kinds),
    "red_width": ("a number of pixels", _is_width),
    "scales": (
        "the least and the greatest width",
        lambda value: isinstance(value, list) and len(value) == 2 and all(map(_is_width, value)),
    ),
    "thresholds": ("a share for each kind", _are_thresholds),
    "framing": ("a number from 0.5 to 20", lambda value: is_number(value) and 0.5 <= value <= 20),
    "stride": ("a number of pixels", _is_pixels),
    "reach": ("a number of pixels", _is_pixels),
    "data": ("made of plain values", is_plain),
    "licence": _TEXT,
    "scores": ("an object of plain values", lambda value: isinstance(value, dict) and is_plain(value)),
    "limits": _TEXT,
}
