"""The model card inside a model file: what the classifier is, what it saw, what it scores."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from hemascope.errors import ModelFileError

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
        return json.dumps({"format_version": FORMAT_VERSION, **asdict(self)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, path: str = "model file") -> "ModelCard":
        """Read a card; keys of later versions that this one does not know are passed over.

        Raises:
            ModelFileError: not a card, or of a newer format.
        """
        try:
            values = json.loads(text)
            version = int(values.pop("format_version"))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise ModelFileError(f"{path}: its hemascope metadata cannot be read ({problem})") from problem
        if version > FORMAT_VERSION:
            raise ModelFileError(
                f"{path}: written in format {version}, newer than this hemascope knows ({FORMAT_VERSION})",
                "Upgrade with: pip install --upgrade hemascope",
            )
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in values.items() if key in known}
        if not {"name", "classes", "input_size"} <= values.keys():
            raise ModelFileError(f"{path}: its hemascope metadata lacks name, classes or input_size")
        return cls(**{**values, "classes": tuple(values["classes"])})
