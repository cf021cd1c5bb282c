"""What a client says about its images: the zoom to see them at, and the head that fits them.

The service keeps neither. The page sends them with every request, so that no client meets another's, whichever worker
answers. They come from outside: all of it is looked at before it is used.
"""

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier
from hemascope.serve import problems
from hemascope.serve.access import refusals
from hemascope.serve.body import BYTES
from hemascope.serve.openapi import problem_responses
from hemascope.serve.problems import Kind, ProblemError
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings

if TYPE_CHECKING:
    from hemascope.adapt.head import Head as Linear

UNUSABLE = Kind("unusable-about", 422, "What is said about the images cannot be used")
NOT_BETTER = Kind("not-better", 422, "The new model would be no better")

ADAPTED = (
    "How to see the images, as JSON: zoom, one of those that POST /v1/fit tries; taught, the head that it or POST "
    "/v1/teach gave. Both may be left out."
)

_MOST_CLASSES = 100
_MOST_LETTERS = 100


class Head(BaseModel):
    """The head that fits a client's cells, to be sent back as it is."""

    model_config = ConfigDict(extra="forbid")

    classes: list[str] = Field(description="Those of the model, and new ones behind them.")
    weight: str = Field(description="Base64 of float32 (classes, features), little-endian, by rows.")
    bias: str = Field(description="Base64 of float32 (classes,).")
    threshold: float | None = Field(description="Of the score of unknown objects.")
    levels: list[float] = Field(description="Coverages of the prediction sets.", max_length=10)
    masses: list[float] = Field(description="Their probabilities.", max_length=10)
    labelled: bool = Field(
        True, description="Whether labels taught it; if not, the model's thresholds and colours hold."
    )

    @classmethod
    def of(cls, head: "Linear", card: ModelCard, *, labelled: bool) -> "Head":
        """From what gives the logits, the card of the model with it, and whether labels taught it."""
        return cls(
            classes=list(card.classes),
            weight=_encode(head.weight),
            bias=_encode(head.bias),
            threshold=card.unknown.get("threshold"),
            levels=list(card.conformal.get("levels", ())),
            masses=list(card.conformal.get("masses", ())),
            labelled=labelled,
        )


class Row(BaseModel):
    """A line of the table of what changed."""

    name: str
    before: str
    after: str


class Adapted(BaseModel):
    """How to see images."""

    model_config = ConfigDict(extra="forbid")

    zoom: float = 1
    taught: Head | None = None


def refused(settings: Settings) -> tuple[Kind, ...]:
    """What requests that fit or teach the model may be refused for."""
    return (
        problems.MALFORMED,
        *refusals(settings),
        *problems.UPLOAD,
        UNUSABLE,
        problems.INTERNAL,
        problems.OVERLOADED,
    )


def model_file(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The responses of an endpoint that gives a model file, and may refuse it."""
    return {
        200: {"content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
        **problem_responses(*kinds),
    }


Said = TypeVar("Said", bound=BaseModel)


def parsed(kind: type[Said], about: bytes | None) -> Said:
    """What a form says about its images.

    Raises:
        ProblemError: it is of another shape.

    >>> parsed(Adapted, b'{"zoom": 1.3}').zoom
    1.3
    """
    try:
        return kind.model_validate_json(about or b"{}")
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False, include_context=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise ProblemError(UNUSABLE, f"{at}: {first['msg']}" if at else str(first["msg"])) from None


def model_for(service: Service, about: bytes | None) -> Classifier | None:
    """The model that sees images as a form says; None where that is the service's own.

    Raises:
        ProblemError: what it says cannot be used.
    """
    if about is None:
        return None
    said = parsed(Adapted, about)
    if said.taught is None:
        return zoomed_model(service, said.zoom)
    from hemascope.adapt.head import Head as Linear
    from hemascope.adapt.variant import Variant

    zoom, card = checked_zoom(said.zoom), _card(service.classifier.card, said.taught)
    shape = (len(card.classes), service.width)
    weight, bias = _decode(said.taught.weight, shape), _decode(said.taught.bias, shape[:1])
    return Variant(service.classifier, zoom=zoom, head=Linear(weight, bias), card=card)


def zoomed_model(service: Service, zoom: float) -> Classifier | None:
    """The service's model at a zoom beyond its own; None where there is none.

    Raises:
        ProblemError: it is none of those that are tried.
    """
    if checked_zoom(zoom) == 1:
        return None
    from hemascope.adapt.variant import Variant

    return Variant(service.classifier, zoom=zoom)


def checked_zoom(zoom: float) -> float:
    """A zoom that is one of those tried: any other would cost memory of its own.

    Raises:
        ProblemError: it is not.
    """
    from hemascope.adapt.choice import ZOOMS

    if zoom not in ZOOMS:
        raise ProblemError(UNUSABLE, f"zoom: one of {', '.join(f'{each:g}' for each in ZOOMS)}.")
    return zoom


def _card(card: ModelCard, taught: Head) -> ModelCard:
    """The card of the taught model, so far as answers follow from it; it knows no labelled cells' colours."""
    names = taught.classes
    sets = dict(zip(taught.levels, taught.masses, strict=False))
    good = (
        tuple(names[: len(card.classes)]) == card.classes
        and len(names) == len(set(names)) <= _MOST_CLASSES
        and all(0 < len(name) <= _MOST_LETTERS for name in names)
        and len(taught.levels) == len(taught.masses)
        and all(0 < level < 1 and 0 < mass <= 1 for level, mass in sets.items())
        and (taught.threshold is None) == ("threshold" not in card.unknown)
    )
    if not good:
        raise ProblemError(UNUSABLE, "taught: it was not taught by this service's model; teach anew.")
    conformal: dict[str, Any] = {"levels": taught.levels, "masses": taught.masses} if sets else {}
    unknown = {} if taught.threshold is None else {**card.unknown, "threshold": taught.threshold}
    return replace(
        card, classes=tuple(names), unknown=unknown, conformal=conformal, look={} if taught.labelled else card.look
    )


def _encode(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def _decode(text: str, shape: tuple[int, ...]) -> np.ndarray:
    try:
        values = np.frombuffer(base64.b64decode(text, validate=True), "<f4").reshape(shape)
    except (binascii.Error, ValueError):
        values = np.full(shape, np.nan, np.float32)
    if not np.isfinite(values).all():
        raise ProblemError(UNUSABLE, f"taught: its numbers are not {' x '.join(map(str, shape))} that are finite.")
    return values.astype(np.float64)
