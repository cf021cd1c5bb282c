"""The model card inside a model file: what the classifier is, what it saw, what it scores."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.formats import parse_versioned, to_versioned
from hemascope.predict.card_schema import check_card

FORMAT_VERSION = 1
METADATA_KEY = "hemascope"
"""The key of the ONNX metadata that holds the card as JSON."""


@dataclass(frozen=True)
class ModelCard:
    """What travels with a model file.

    Attributes:
        name: the model's name.
        classes: class names in the order of the probabilities.
        input_size: side in pixels of the square that the network sees.
        framing: which part of a picture that square shows, in words.
        network: the backbone's name.
        parameters: number of weights.
        temperature: divides the logits before the softmax (Guo et al. 2017); in the graph already.
        data: name, licence and attribution of the training data, and the number of images.
        scores: measured scores: name -> {"value", "low", "high", "images", "split"}.
        unknown: the output ``unknown`` that says "none of these classes", empty where the file has none: {"threshold":
            score above which a picture is flagged, "rate": share of known validation cells above it, "images": how
            many they were, "method": in words}.
        conformal: prediction sets of stated coverage, empty where the file has none: {"coverage": [...], "thresholds":
            [least probability of a class in the set, one a coverage], "measured": [share of images whose set held
            the true class], "size": [mean classes a set], "images": how many they were, "method": in words}.
        adapted: to which images the file was adapted after its scores were measured, empty where it was not: {"source":
            SHA-256 of the file before, "images": how many, "shift": how far they were from the training's,
            "method": in words, "date": ISO 8601}.
        recipe: the recipe that it was trained by.
        limits: what the model must not be used for.
        created: date, ISO 8601.
        hemascope: version that wrote it.
    """

    name: str
    classes: tuple[str, ...]
    input_size: int
    framing: str = "centred square of the whole picture"
    network: str = ""
    parameters: int = 0
    temperature: float = 1.0
    data: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, Any] = field(default_factory=dict)
    conformal: dict[str, Any] = field(default_factory=dict)
    adapted: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    limits: str = ""
    created: str = ""
    hemascope: str = ""

    def to_json(self) -> str:
        """The card as JSON with its format version."""
        return to_versioned(asdict(self), FORMAT_VERSION, indent=None)

    @classmethod
    def from_json(cls, text: str, path: str = "model file") -> "ModelCard":
        """Read a card; keys of later versions that this one does not know are passed over.

        Raises:
            ModelFileError: not a card, or of a newer format.
        """
        known = {item.name for item in fields(cls)}

        def build(values: dict[str, Any]) -> "ModelCard":
            values = {key: value for key, value in values.items() if key in known}
            check_card(values)
            return cls(**{**values, "classes": tuple(values["classes"])})

        return parse_versioned(text, path, build, FORMAT_VERSION, what="its hemascope metadata", error=ModelFileError)


SEPARATOR = "|"
"""Between the classes of a set in a table's cell."""


def set_threshold(card: ModelCard, coverage: float) -> float:
    """The least probability of a class in a set of this coverage.

    Raises:
        ModelFileError: the card does not name that coverage.
    """
    levels = dict(zip(card.conformal.get("coverage", ()), card.conformal.get("thresholds", ()), strict=True))
    if coverage not in levels:
        offered = ", ".join(f"{level:g}" for level in levels)
        raise ModelFileError(
            f"the model {card.name!r} has no prediction sets of coverage {coverage:g}",
            f"Ask for one of {offered}." if offered else "Finish its training anew: hemascope train --resume RUN",
        )
    return float(levels[coverage])


def class_sets(probabilities: np.ndarray, classes: Sequence[str], threshold: float) -> list[tuple[str, ...]]:
    """Of each row the classes of at least this probability, most probable first; always the most probable one.

    >>> class_sets(np.array([[0.6, 0.3, 0.1], [0.2, 0.1, 0.7]]), ("a", "b", "c"), 0.25)
    [('a', 'b'), ('c',)]

    Args:
        probabilities: float (n, k); a row of NaN gives an empty set.
        classes: k names.
        threshold: in [0, 1].
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    counts = np.maximum((ranked >= threshold).sum(axis=1), np.isfinite(ranked[:, 0]))
    return [tuple(classes[i] for i in row[:count]) for row, count in zip(order, counts, strict=True)]
