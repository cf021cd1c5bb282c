"""The JSON of the service, as OpenAPI describes it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """Problem details (RFC 9457): the shape of every error."""

    type: str = Field(description="Names the kind of problem for programs: urn:hemascope:problem:…")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="HTTP status; of an image in a form, the status it would have had alone.")
    detail: str = Field(description="What is wrong this time, and what to do about it.")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:hemascope:problem:unreadable-image",
                "title": "The image cannot be read",
                "status": 422,
                "detail": "not a picture of a known format",
            }
        }
    )


class Answer(BaseModel):
    """What the classifier says of one image; either `error` is null, or `label` and `confidence` are."""

    file: str | None = Field(description="The file's name as it was sent; null where none was.")
    label: str | None = Field(description="The most probable class.")
    confidence: float | None = Field(description="Its calibrated probability.", ge=0, le=1)
    probabilities: dict[str, float] = Field(
        description="Class to probability, in the model's order, rounded to six decimals; empty where the image failed."
    )
    unknown: float | None = Field(
        description="How little the image is like any of the classes, 0 to 1; null where the model does not tell."
    )
    is_unknown: bool | None = Field(description="Whether that is above the model's threshold: probably no class fits.")
    sets: dict[str, list[str]] = Field(
        description="Coverage (as 0.95) to the classes that may be true, most probable first: conformal sets, "
        "which hold the true class so often on cells like the model's validation images. Empty where it has none, "
        "and where probably no class fits."
    )
    attributes: dict[str, str] = Field(
        description="What is seen of the cell, attribute to value, where the model is sure. Empty where it has no "
        "attributes or has not learnt those of the class, and where probably no class fits."
    )
    appearance: str = Field(description="The attributes in a few words, empty where there are none.")
    error: Problem | None = Field(description="Why the image has no answer.")


class ModelName(BaseModel):
    """Which model answers."""

    name: str
    sha256: str = Field(description="SHA-256 of the model file.")


class Unlike(BaseModel):
    """That images are of another kind than those that the model was calibrated on: another stain, light or camera."""

    score: float = Field(description="How far off their colours are; 1 is as far as a single image of the training is.")
    message: str = Field(description="What that means, for people.")


class Predictions(BaseModel):
    """The answers to a request, one an image, in the order sent."""

    model: ModelName
    predictions: list[Answer]
    unlike: Unlike | None = Field(
        description="That the request's images are unlike those of the model's calibration, so that it is wrong more "
        "often than it says; null where they are not, and where that cannot be told, as of fewer than eight images."
    )


class Card(BaseModel):
    """The model card: what the classifier is, what it saw, what it scores. Later versions may add members."""

    name: str
    classes: list[str] = Field(description="In the order of the probabilities.")
    input_size: int = Field(description="Side in pixels of the square that the network sees.")
    framing: str
    network: str
    parameters: int
    temperature: float
    data: dict[str, Any]
    scores: dict[str, Any]
    unknown: dict[str, Any] = Field(default_factory=dict, description="Threshold of the score of unknown objects.")
    conformal: dict[str, Any] = Field(default_factory=dict, description="Coverages of the prediction sets.")
    attributes: dict[str, Any] = Field(default_factory=dict, description="What it sees of cells: names and values.")
    confusion: dict[str, Any] = Field(default_factory=dict, description="What it confuses, as counts of cells.")
    recipe: dict[str, Any]
    limits: str = Field(description="What the model must not be used for.")
    created: str
    hemascope: str

    model_config = ConfigDict(extra="allow")


class Limits(BaseModel):
    """What a request may be; each worker of the service keeps them."""

    max_body: int = Field(description="Bytes of a request's body.")
    max_files: int = Field(description="Images a request.")
    max_pixels: int = Field(description="Pixels an image, height times width.")
    seconds: float = Field(description="For a request, from its headers to its answer.")
    queue: int = Field(description="Images that may wait; beyond that the answer is 503 with Retry-After.")
    queue_pixels: int = Field(description="Pixels that the headers of waiting images may announce together.")
    max_field_pixels: int = Field(description="Pixels a field that is searched for cells.")


class Finder(BaseModel):
    """What finds the cells of fields, and how to cut out a cell as the classifier knows cells.

    The side of the square around a cell's centre is `framing` times the width of the field's red cells, or, where that
    is not known, times the square root of the box's area divided by `white_width`. Beyond the field's edge it is
    mirrored.
    """

    name: str
    sha256: str = Field(description="SHA-256 of the detector's file.")
    framing: float = Field(description="In widths of a red cell.")
    white_width: float = Field(description="Width of a usual white cell in those of a red one.")


class Model(BaseModel):
    """The model and the service's limits."""

    card: Card
    sha256: str = Field(description="SHA-256 of the model file.")
    device: str = Field(description="Where its network runs: cpu, cuda, mps, openvino or directml.")
    limits: Limits
    fields: Finder | None = Field(
        default=None, description="What finds the cells of fields; null where POST /v1/count is not offered."
    )


class State(BaseModel):
    """That the service is well."""

    status: str
