"""What a model card may hold: every field checked before any is used, since a card comes with a file of anybody's."""

import math
from collections.abc import Callable, Mapping
from typing import Any

MOST_CLASSES = 10_000
MOST_SIDE = 4096
MOST_LETTERS = 100_000
DEEPEST = 20
"""Lists and objects within each other."""

_EXACT = 2**53  # the largest whole number that every reader of JSON takes for itself


def check_card(values: Mapping[str, Any]) -> None:
    """Make sure that the fields of a card are of the kinds that `hemascope.predict.card.ModelCard` says.

    Fields that it does not know are passed over, as are further keys of those that are objects.

    Args:
        values: from JSON, without the format's version.

    Raises:
        ValueError: what is wrong, with the field's name.

    >>> check_card({"name": "m", "classes": ["a", None], "input_size": 8})
    Traceback (most recent call last):
    ValueError: classes is not a list of different names
    """
    for name in _NEEDED:
        if name not in values:
            raise ValueError(f"it lacks {name}")
    for name, (what, holds) in _FIELDS.items():
        if name in values and not holds(values[name]):
            raise ValueError(f"{name} is not {what}")


def is_text(value: Any) -> bool:
    """Text that is not too long, and that a file can hold: JSON may name halves of a letter."""
    return isinstance(value, str) and len(value) <= MOST_LETTERS and not any("\ud800" <= c <= "\udfff" for c in value)


def is_number(value: Any) -> bool:
    """A number that is one: not infinite, and no whole one that only Python can hold."""
    return abs(value) <= _EXACT if type(value) is int else type(value) is float and math.isfinite(value)


def is_count(value: Any) -> bool:
    """A whole number from 0 on that every reader of JSON takes for itself."""
    return type(value) is int and 0 <= value <= _EXACT


def is_share(value: Any) -> bool:
    """A number in [0, 1]."""
    return is_number(value) and 0 <= value <= 1


def _is_zoom(value: Any) -> bool:
    return is_number(value) and 0 < value <= MOST_SIDE


def _are(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and len(value) <= MOST_CLASSES and all(map(kind, value))


def _are_classes(value: Any) -> bool:
    return bool(value) and _are(lambda name: is_text(name) and name)(value) and len(set(value)) == len(value)


def is_plain(value: Any, depth: int = 0) -> bool:
    """What JSON can say, not too deep, whose numbers are some."""
    if depth > DEEPEST:
        return False
    if isinstance(value, dict):
        return all(is_text(key) and is_plain(part, depth + 1) for key, part in value.items())
    if isinstance(value, list):
        return all(is_plain(part, depth + 1) for part in value)
    return value is None or isinstance(value, bool) or is_text(value) or is_number(value)


def _holds(**keys: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """An object whose keys of these names, where it has them, are of these kinds; the others are plain."""
    return lambda value: (
        isinstance(value, dict)
        and is_plain(value)
        and all(kind(value[key]) for key, kind in keys.items() if key in value)
    )


def _or_none(kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or kind(value)


_maybe = _or_none(is_number)
_is_object = _holds()
_is_score = _holds(value=_maybe, low=_maybe, high=_maybe, images=is_count, split=is_text)
_has_sets = _holds(
    coverage=_are(is_share),
    thresholds=_are(is_number),
    levels=_are(is_share),
    masses=_are(is_number),
    measured=_are(_maybe),
    size=_are(_maybe),
    images=is_count,
    method=is_text,
)


def _are_attributes(value: Any) -> bool:
    """None at all, or all that `hemascope.predict.attributes.Vocabulary` is made of."""
    if not _has_attributes(value):
        return False
    if not value:
        return True
    names, values = value.get("names", ()), value.get("values", ())
    return bool(names) and {"classes", "sure"} <= value.keys() and len(names) == len(values)


def _are_scores(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_score, value.values()))


def _are_sets(value: Any) -> bool:
    """Those of this release, or of 0.1.0, which had a threshold a coverage."""
    pairs = (("levels", "masses"), ("coverage", "thresholds"))
    return _has_sets(value) and all(len(value.get(one, ())) == len(value.get(other, ())) for one, other in pairs)


_has_attributes = _holds(
    names=_are_classes,
    values=_are(_are_classes),
    classes=_are(is_text),
    sure=is_share,
    f1=_are(_maybe),
    images=is_count,
    data=is_text,
    method=is_text,
)
_NEEDED = ("name", "classes", "input_size")
_TEXT = ("a text", is_text)
_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": _TEXT,
    "classes": ("a list of different names", _are_classes),
    "input_size": (f"a whole number from 1 to {MOST_SIDE}", lambda value: is_count(value) and 1 <= value <= MOST_SIDE),
    "framing": _TEXT,
    "network": _TEXT,
    "parameters": ("a count", is_count),
    "temperature": ("a number above 0", lambda value: is_number(value) and value > 0),
    "data": ("an object of texts and numbers", _is_object),
    "scores": ("an object of scores", _are_scores),
    "unknown": (
        "an object with a threshold that is a number",
        _holds(threshold=is_number, rate=_or_none(is_number), images=is_count, method=is_text),
    ),
    "conformal": ("an object of coverages and as many thresholds, all of them numbers", _are_sets),
    "attributes": ("an object of names, as many lists of values, classes, and when they are sure", _are_attributes),
    "adapted": (
        "an object that says what was done",
        _holds(source=is_text, images=is_count, shift=is_number, zoom=_is_zoom, method=is_text, date=is_text),
    ),
    "look": (
        "an object of three colours a class and their covariance",
        _holds(colours=_are(_are(is_number)), covariance=_are(_are(is_number)), images=is_count),
    ),
    "recipe": ("an object of plain values", _holds(augment=_is_object)),
    "confusion": (
        "an object of counts, a list a class",
        _holds(counts=_are(_are(is_count)), flagged=_are(is_count), images=is_count, method=is_text),
    ),
    "limits": _TEXT,
    "created": _TEXT,
    "hemascope": _TEXT,
}
