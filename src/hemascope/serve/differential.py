"""The differential of cells that a client has counted, corrected by what the model confuses."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from hemascope.predict.differential.differential import Differential, differential
from hemascope.serve import problems
from hemascope.serve.access import refusals
from hemascope.serve.openapi import problem_responses
from hemascope.serve.problems import Kind, ProblemError
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings
from hemascope.serve.single import SingleQueue

UNUSABLE = Kind("unusable-counts", 422, "These are no counts of the model's classes")

_MOST = 1_000_000_000  # cells of a class
_WAITING = 32


class Value(BaseModel):
    """Of one class; null where there is none, as of cells that are counted apart."""

    name: str = Field(description="The class.")
    value: float | None = Field(description="Per cent of the leucocytes, or so many per 100 of them.")
    low: float | None = Field(description="Lower end of its 95% interval.")
    high: float | None = Field(description="Upper end.")


class Measured(BaseModel):
    """The differential."""

    corrected: bool = Field(
        description="Whether the values are corrected by what the model confuses, and the intervals hold its errors; "
        "else they are as called, and the intervals hold the chance of the draw alone."
    )
    classes: list[Value] = Field(description="In the model's order.")
    notes: list[str] = Field(description="What to know of it, for people.")


def router(service: Service, settings: Settings) -> APIRouter:
    """The endpoint."""
    routes = APIRouter()
    queue = SingleQueue(service, settings, _WAITING)

    @routes.get(
        "/v1/differential",
        summary="The differential of counted cells",
        responses=problem_responses(*refusals(settings), UNUSABLE, problems.INTERNAL, problems.OVERLOADED),
    )
    async def counted(
        called: Annotated[
            list[str],
            Query(description="Cells that were called each class and not flagged as unknown, in the model's order."),
        ] = [],  # noqa: B006 - as FastAPI has it
    ) -> Measured:
        """Shares with 95% intervals that hold the chance of the cells drawn and the model's errors, where known."""
        counts = _counts(called, len(service.classifier.classes))
        card = service.classifier.card
        return await queue.turn(lambda: measured(differential(dict(zip(card.classes, counts, strict=True)), card)))

    return routes


def _counts(called: list[str], classes: int) -> list[int]:
    counts = [
        int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST)) else -1 for text in called
    ]
    if len(counts) != classes or not all(0 <= count <= _MOST for count in counts):
        raise ProblemError(UNUSABLE, f"Give {classes:,} whole numbers from 0 to {_MOST:,}.")
    return counts


def measured(found: Differential) -> Measured:
    """A differential as answers give it."""
    lines = [Value(name=line.name, value=line.value, low=line.low, high=line.high) for line in found.lines]
    return Measured(corrected=found.corrected, classes=lines, notes=found.notes)
