"""The model card inside a model file: what the classifier is, what it saw, what it scores."""

import math
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
        conformal: prediction sets of stated coverage, empty where the file has none: {"levels": [the coverages],
            "masses": [probability that the classes of a set reach together, one a level], "measured": [share of
            images whose set held the true class], "size": [mean classes a set], "images": how many they were,
            "method": in words}. Files of release 0.1.0 have "coverage" and "thresholds" instead, see `set_mass`.
        look: colours of the training's images, by which `hemascope.predict.unlike` tells images of another kind; empty
            where the file does not tell: {"colours": [mean red, green, blue, one a class], "covariance": [3 x 3, of the
            images of a class], "images": how many}.
        attributes: what it sees of cells beside their class, in the output ``attributes``, empty where the file has
            none: {"names": [the attributes], "values": [[those of each, in the order of the output's numbers]],
            "classes": [of the cells that they were learnt on], "sure": probability from which a value is said, "f1":
            [macro F1 of each on training images that the heads had not seen], "images": how many taught them, "data":
            the labels' name, authors and licence, "method": in words}.
        confusion: what it confuses, by which `hemascope.predict.differential` corrects counts; empty where that was not
            measured: {"counts": [a list a true class, of how many cells were called each class], "flagged": [cells of
            each class that were flagged as unknown, and are not among those], "images": how many there were, "method":
            which cells, in words}.
        adapted: to which images the file was adapted after its scores were measured, empty where it was not: {"source":
            SHA-256 of the file before, "images": how many, "zoom": of the graph, 1 where it has none, "method": in
            words, "date": ISO 8601}. Where labelled cells taught it there are "labelled": {class: how many}, "before"
            and "after": its accuracy on them, {"value", "low", "high"}, after by cross-validation. Files of 0.1.0
            have "shift" instead of "zoom".
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
    look: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    confusion: dict[str, Any] = field(default_factory=dict)
    adapted: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    limits: str = ""
    created: str = ""
    hemascope: str = ""

    @property
    def zoom(self) -> float:
        """At which the graph sees pictures, see `hemascope.adapt.zoom`; 1 is as they are."""
        return float(self.adapted.get("zoom", 1))

    @property
    def widths(self) -> dict[str, int]:
        """How many numbers an image some outputs have, by their names."""
        values = {"attributes": sum(map(len, self.attributes["values"]))} if self.attributes else {}
        return {"probabilities": len(self.classes), **values}

    @property
    def picture_side(self) -> int:
        """Side in pixels of a square picture that keeps all that the network can see of it."""
        return math.ceil(self.input_size * max(1, self.zoom))

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

_ROUNDING = 1e-6  # of float32 probabilities, whose sum is 1 no more exactly


def set_mass(card: ModelCard, coverage: float) -> float:
    """The probability that the classes of a set of this coverage reach together.

    Raises:
        ModelFileError: the card does not name that coverage. The sets of release 0.1.0 are refused too: a cell that its
            threshold left no class had a set of the most probable one, however doubtful.
    """
    levels = dict(zip(set_levels(card), card.conformal.get("masses", ()), strict=True))
    if coverage not in levels:
        offered = ", ".join(f"{level:g}" for level in levels)
        older = "only those of an older hemascope, which gave doubtful cells sets of one class"
        raise ModelFileError(
            f"the model {card.name!r} has no prediction sets of coverage {coverage:g}"
            + (f", {older}" if "thresholds" in card.conformal else ""),
            f"Ask for one of {offered}." if offered else "Finish its training anew: hemascope train --resume RUN",
        )
    return float(levels[coverage])


def set_levels(card: ModelCard) -> tuple[float, ...]:
    """The coverages of which the model has prediction sets.

    >>> set_levels(ModelCard("mine", ("a", "b"), 96, conformal={"levels": [0.9], "masses": [0.93]}))
    (0.9,)
    """
    return tuple(card.conformal.get("levels", ()))


def class_sets(probabilities: np.ndarray, classes: Sequence[str], mass: float) -> list[tuple[str, ...]]:
    """Of each row the fewest classes, most probable first, that together reach a probability; always one.

    >>> class_sets(np.array([[0.6, 0.3, 0.1], [0.95, 0.01, 0.04]]), ("a", "b", "c"), 0.9)
    [('a', 'b'), ('a',)]

    Args:
        probabilities: float (n, k), rows that sum to 1; a row of NaN gives an empty set.
        classes: k names.
        mass: in [0, 1].
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    before = np.cumsum(ranked, axis=1) - ranked  # the classes before each
    counts = np.maximum((before < mass - _ROUNDING).sum(axis=1), np.isfinite(ranked[:, 0]))
    return [tuple(classes[i] for i in row[:count]) for row, count in zip(order, counts, strict=True)]
