"""Teaching the model by a client's cells: the labels of some, and the looks of the others."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hemascope.cells import title
from hemascope.errors import ModelFileError
from hemascope.predict.modelfile import UNKNOWN
from hemascope.predict.unlike import mean_colours
from hemascope.serve.adapted import NOT_BETTER, UNUSABLE, Head, Row, model_file, parsed, refused, zoomed_model
from hemascope.serve.body import BYTES, Sent
from hemascope.serve.openapi import images_body, problem_responses
from hemascope.serve.problems import Kind, ProblemError
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings
from hemascope.serve.single import SingleQueue

if TYPE_CHECKING:
    import onnx

    from hemascope.adapt.lesson import Lesson as Learnt

NOT_TEACHABLE = Kind("not-teachable", 422, "The model cannot be taught by these cells")

ROUNDS = 2
"""How often unlabelled cells are asked: somebody waits, and more rounds bring little."""

VIEWS = 3
"""Of each cell where there are unlabelled ones, at the least: the mean of fewer says little."""

_ABOUT = (
    "As JSON: labels, a class name an image in their order, null where it has none and helps by its looks; zoom, at "
    "which they are seen, may be left out."
)


class Labels(BaseModel):
    """What is said of images of which some are labelled."""

    model_config = ConfigDict(extra="forbid")

    labels: list[str | None]
    zoom: float = 1


class Lesson(BaseModel):
    """What labelled cells teach, estimated on cells that the head was not taught by."""

    better: bool = Field(description="Whether more of them were mended than spoiled.")
    comparison: str = Field(description="Accuracy before and after, with intervals.")
    heading: str
    rows: list[Row]
    lines: list[str] = Field(description="What to know before it is used.")
    taught: Head | None = Field(description="To be sent with images to POST /v1/predict; null where it is not better.")
    seconds: float = Field(description="What that took.")


class _Learnt(NamedTuple):
    """A lesson, the graph that it was learnt by, and what to say of cells that were left out."""

    lesson: Learnt
    original: onnx.ModelProto
    lines: list[str]


def router(service: Service, settings: Settings, queue: SingleQueue) -> APIRouter:
    """The endpoints; their work takes turns in the queue."""
    routes = APIRouter()
    usual = refused(settings)
    most = settings.max_files
    labelled = {"requestBody": images_body(settings, most, _ABOUT, form_only=True)}
    responses = problem_responses(*usual, NOT_TEACHABLE)

    @routes.post("/v1/teach", summary="What labelled cells teach", openapi_extra=labelled, responses=responses)
    async def teach(request: Request) -> Lesson:
        """Send labelled cells, and others beside them whose label is null.

        The answer says what they teach, and gives the head that was taught; neither is kept.
        """

        def work(sent: Sent) -> Lesson:
            start = time.monotonic()
            lesson, _, lines = _learn(service, queue, sent)
            told = lesson.taught
            head = lesson.head.at(lesson.temperature)
            return Lesson(
                better=told.better,
                comparison=told.comparison,
                heading=told.heading,
                rows=[Row(name=name, before=before, after=after) for name, before, after in told.rows],
                lines=[*lines, *told.lines],
                taught=Head.of(head, lesson.card, labelled=True) if told.better else None,
                seconds=round(time.monotonic() - start, 2),
            )

        return await queue.work(request, work, most, about=True)

    @routes.post(
        "/v1/taught",
        summary="The model file that labelled cells teach",
        response_class=Response,
        openapi_extra=labelled,
        responses=model_file(*usual, NOT_TEACHABLE, NOT_BETTER),
    )
    async def taught(request: Request) -> Response:
        """Send the same as to /v1/teach; the answer is a model file that `hemascope predict -m` takes."""

        def work(sent: Sent) -> bytes:
            lesson, original, _ = _learn(service, queue, sent)
            if not lesson.taught.better:
                raise ProblemError(NOT_BETTER, f"{lesson.taught.comparison}.")
            return bytes(lesson.model(original).SerializeToString())

        return Response(await queue.work(request, work, most, about=True), media_type=BYTES)

    return routes


def _learn(service: Service, queue: SingleQueue, sent: Sent) -> _Learnt:
    """What images teach the service's model of which some are labelled.

    Raises:
        ProblemError: the labels do not fit the images, or the model cannot be taught by them.
    """
    import onnx

    from hemascope.adapt.lesson import FEWEST, MOST, Observed, learn
    from hemascope.adapt.views import taught_views, turned
    from hemascope.adapt.zoom import with_zoom
    from hemascope.data.framing import frame

    said = parsed(Labels, sent.about)
    if len(said.labels) != len(sent.uploads):
        raise ProblemError(UNUSABLE, f"labels: {len(said.labels):,}, and there are {len(sent.uploads):,} images.")
    model = zoomed_model(service, said.zoom) or service.classifier
    outputs = ("features",) if model.unknown_threshold is None else ("features", UNKNOWN)
    order = sorted(range(len(said.labels)), key=lambda place: said.labels[place] is None)  # should time be short
    given = sum(label is not None for label in said.labels)
    views = max(taught_views(len(order)), VIEWS if given < len(order) else 1)
    cells: dict[bytes, tuple[str, list[np.ndarray]]] = {}  # copies of an image count once
    others: dict[bytes, np.ndarray] = {}
    for place, image in queue.pictures([sent.uploads[place] for place in order], queue.until()):
        label, plain = said.labels[order[place]], frame(image, model.card.picture_side)
        content = hashlib.sha256(plain.tobytes()).digest()
        if content in cells or content in others:
            continue
        features, *unknown = model.run_all(turned(plain[None], views)[0], outputs)
        if label is None:
            others[content] = features[None]
        else:
            cells[content] = label, [mean_colours(image[None]), features[None], *(score[:1] for score in unknown)]
    lines = []
    if left := given - len(cells):
        lines.append(f"Left out: {left:,}, which are copies, cannot be read, or had no time.")
    counts = Counter(label for label, _ in cells.values())
    few = {name: count for name, count in counts.items() if count < FEWEST and name not in model.classes}
    lines += [f"Left out: {title(name)} ({count}); a new class needs {FEWEST}." for name, count in few.items()]
    used = [cell for cell in cells.values() if cell[0] not in few][:MOST]
    if len(used) < FEWEST:
        raise ProblemError(NOT_TEACHABLE, f"{len(used)} cells can be used, and it takes {FEWEST}. Label some more.")
    colours, features, *unknown = (np.concatenate(parts) for parts in zip(*(values for _, values in used), strict=True))
    seen = Observed(features, unknown[0] if unknown else None, colours)
    original = onnx.load(model.path)
    if model.card.zoom != service.classifier.card.zoom:
        original = with_zoom(original, model.card.zoom)
    unlabelled = np.concatenate(list(others.values())) if others else None
    try:
        lesson = learn(model, original, seen, [label for label, _ in used], unlabelled=unlabelled, rounds=ROUNDS)
    except ModelFileError as problem:
        reason = problem.problem.removeprefix(f"{model.path}: ")
        raise ProblemError(NOT_TEACHABLE, f"{reason}. {problem.remedy}") from problem
    return _Learnt(lesson, original, lines)
