"""Whole fields of a smear: the cells in them, how many of each kind, and the differential."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from hemascope.fields.cell import KINDS, Kind
from hemascope.fields.totals import Totals as Adding
from hemascope.predict.differential.differential import Differential
from hemascope.predict.unlike import Look
from hemascope.serve import problems
from hemascope.serve.access import refusals
from hemascope.serve.admission import answered, work_of
from hemascope.serve.body import read_images
from hemascope.serve.differential import Measured, measured
from hemascope.serve.fields import Searched as Found
from hemascope.serve.openapi import images_body, problem_responses
from hemascope.serve.problems import REQUEST_TIMEOUT, ProblemError, overloaded
from hemascope.serve.schemas import ModelName, Problem, Unlike
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings

NO_DETECTOR = problems.Kind("no-detector", 404, "This service does not search fields")

FIELDS = 16
"""Fields of a request; each takes a second or so."""

_BOX = "Left, top, right and lower edge in pixels of the field, from its upper left corner."


class FoundCell(BaseModel):
    """A cell of a field. What classifies says of it is there for white cells; platelets have their label alone."""

    box: list[float] = Field(description=_BOX, min_length=4, max_length=4)
    kind: Kind = Field(description="White cells are nucleated ones: leucocytes and erythroblasts.")
    score: float = Field(description="The detector's.", ge=0, le=1)
    border: bool = Field(description="Whether the box touches the field's edge.")
    counted: bool = Field(
        description="Whether it is in the counts: cells cut by the right or the lower edge are not, so that none "
        "counts twice where fields adjoin."
    )
    label: str | None = Field(description="The most probable class; null for red cells.")
    confidence: float | None = Field(description="Its calibrated probability.", ge=0, le=1)
    probabilities: dict[str, float] = Field(description="As of POST /v1/predict; empty where it is not classified.")
    unknown: float | None = Field(description="How little it is like any of the classes, 0 to 1.")
    is_unknown: bool | None = Field(description="Whether that is above the model's threshold.")
    sets: dict[str, list[str]] = Field(description="As of POST /v1/predict.")
    attributes: dict[str, str] = Field(description="As of POST /v1/predict.")
    appearance: str = Field(description="The attributes in a few words.")
    error: Problem | None = Field(description="Why it could not be classified.")


class Searched(BaseModel):
    """A field and its cells; either `error` is null, or the field could not be read and has none."""

    file: str | None = Field(description="The file's name as it was sent; null where none was.")
    width: int = Field(description="In pixels; 0 where it could not be read.")
    height: int
    red_width: float | None = Field(description="Pixels across its red cells; null where too few were found to tell.")
    scale: float = Field(description="That it was resized by to find its cells.")
    scale_from: str = Field(description='What told that: "red cells", "white cells" or "field size".')
    white: int = Field(description="White cells that are counted.")
    red: int = Field(description="Red cells that are counted.")
    platelet: int = Field(description="Platelets that are counted.")
    cells: list[FoundCell] = Field(description="White ones, red ones, platelets, each by rows.")
    notes: list[str] = Field(description="What to know of it, for people.")
    error: Problem | None = Field(description="Why it could not be read.")


class Totals(BaseModel):
    """What the fields of a request add up to."""

    fields: int
    failed: int = Field(description="How many of them could not be read.")
    white: int = Field(description="Cells that are counted.")
    red: int
    platelet: int
    platelets_per_red: float | None = Field(description="Null without red cells.")


class Counts(BaseModel):
    """The cells of the fields of a request."""

    model: ModelName
    detector: ModelName
    fields: list[Searched] = Field(description="In the order sent.")
    totals: Totals
    differential: Measured = Field(description="Of the white cells of all fields.")
    unlike: Unlike | None = Field(description="As of POST /v1/predict, of the white cells of all fields.")


def router(service: Service, settings: Settings) -> APIRouter:
    """The endpoint."""
    routes = APIRouter()
    most = min(FIELDS, settings.max_files)

    @routes.post(
        "/v1/count",
        summary="Find, classify and count the cells of whole fields",
        response_model=Counts,
        openapi_extra={"requestBody": images_body(settings, most, pixels=settings.max_field_pixels)},
        responses=problem_responses(
            problems.MALFORMED,
            *refusals(settings),
            *problems.UPLOAD,
            problems.TOO_MANY_PIXELS,
            NO_DETECTOR,
            problems.INTERNAL,
            problems.OVERLOADED,
        ),
    )
    async def count(request: Request) -> Response:
        """Send a form with the field `files`, or the bytes of one field.

        One field is searched at a time, in turns between clients; send one a request where they are large. A field of
        a form that cannot be read has its `error` filled and does not harm the others.
        """
        counter = service.counter
        if counter is None:
            raise ProblemError(NO_DETECTOR, "It has no detector; start it with --detector FILE.")
        counter.batcher.check()
        with service.memory.place(settings.max_body) as place:
            try:
                async with asyncio.timeout(settings.seconds) as limit:
                    sent = await read_images(request, place, most)
            except TimeoutError:
                raise ProblemError(
                    REQUEST_TIMEOUT, f"It was not complete after {settings.seconds:g} seconds."
                ) from None
            try:
                async with asyncio.timeout_at(limit.when()):
                    work = await asyncio.to_thread(work_of, sent.uploads, settings.max_field_pixels)
                    found = await answered(counter.batcher, request, sent.uploads, work)
            except TimeoutError:
                raise overloaded(f"There was no answer after {settings.seconds:g} seconds.") from None
        for each in found:
            service.metrics.fields.labels("failed" if each.read.error else "read").inc()
        first = found[0].answer["error"]
        if first and (not sent.form):
            return Response(json.dumps(first, ensure_ascii=False), first["status"], media_type=problems.MEDIA_TYPE)
        content = await asyncio.to_thread(_content, service, counter.name, found)
        return Response(content, media_type="application/json")

    return routes


def _content(service: Service, detector: dict[str, str], found: list[Found]) -> bytes:
    """The answer to a request, as JSON."""
    adding, look = Adding(), Look(service.classifier.card)
    for each in found:
        adding.add(each.read)
        if len(each.read.colours):
            look.add(each.read.colours, each.read.probabilities)
    unlike = look.unlike()
    differential: Differential = adding.differential(service.classifier.card)
    totals: dict[str, Any] = {kind: adding.kinds[kind] for kind in KINDS}
    content = {
        "model": service.name,
        "detector": detector,
        "fields": [each.answer for each in found],
        "totals": {
            "fields": adding.fields,
            "failed": adding.failed,
            **totals,
            "platelets_per_red": adding.platelets_per_red,
        },
        "differential": measured(differential).model_dump(),
        "unlike": asdict(unlike) if unlike else None,
    }
    return json.dumps(content, ensure_ascii=False).encode()
