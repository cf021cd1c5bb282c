"""What the page asks beyond the classes: how to show them, and the heat map of an image."""

import numpy as np
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from hemascope.predict.classifier import Classifier
from hemascope.predict.heat import HeatMap, heat_map
from hemascope.serve import problems
from hemascope.serve.access import refusals
from hemascope.serve.adapted import ADAPTED, UNUSABLE, model_for
from hemascope.serve.body import Sent
from hemascope.serve.classes import Classes, class_table
from hemascope.serve.openapi import images_body, problem_responses
from hemascope.serve.problems import Kind, ProblemError
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings
from hemascope.serve.single import SingleQueue

UNKNOWN_CLASS = Kind("unknown-class", 422, "The model has no such class")

METHOD = "occlusion sensitivity (Zeiler and Fergus 2014)"

_WAITING = 8  # heat maps that may wait; each takes as long as 65 images


class Heat(BaseModel):
    """How much each part of an image speaks for a class."""

    label: str = Field(description="The class.")
    probability: float = Field(description="Of the class, for the whole image.", ge=0, le=1)
    lowest: float = Field(description="The lowest probability left when one spot is hidden.", ge=0, le=1)
    grid: list[list[float]] = Field(
        description="Rows from the top, over the image's centred square: by how much the log-odds of the class fall "
        "when a spot there is hidden; negative where they rise."
    )
    method: str = Field(examples=[METHOD])


def router(service: Service, settings: Settings) -> APIRouter:
    """The endpoints."""
    routes = APIRouter()
    refused = refusals(settings)
    queue = SingleQueue(service, settings, _WAITING)

    @routes.get("/v1/classes", summary="How to show the classes", responses=problem_responses(*refused))
    async def classes() -> Classes:
        """Title, colour and way of counting of every class, in the model's order."""
        return class_table(service.classifier.classes)

    @routes.post(
        "/v1/heat",
        summary="What in an image speaks for a class",
        openapi_extra={"requestBody": images_body(settings, 1, ADAPTED)},
        responses=problem_responses(
            problems.MALFORMED,
            *refused,
            *problems.UPLOAD,
            UNKNOWN_CLASS,
            UNUSABLE,
            problems.INTERNAL,
            problems.OVERLOADED,
        ),
    )
    async def heat(
        request: Request, label: str | None = Query(None, description="The class; else the most probable one.")
    ) -> Heat:
        """Send one image; the answer takes as long as classifying 65."""

        def look(sent: Sent) -> Heat:
            model = model_for(service, sent.about) or service.classifier
            if label is not None and label not in model.classes:
                raise ProblemError(UNKNOWN_CLASS, f"Its classes: {', '.join(model.classes)}.")
            return _heat(model, queue.pixels(sent.uploads[0]), label)

        return await queue.work(request, look, about=True)

    return routes


def _heat(model: Classifier, image: np.ndarray, label: str | None) -> Heat:
    found: HeatMap = heat_map(model, image, label)
    return Heat(
        label=found.label,
        probability=round(found.probability, 6),
        lowest=round(found.lowest, 6),
        grid=[[round(value, 3) for value in row] for row in found.grid.tolist()],
        method=METHOD,
    )
