"""Fitting the model to a client's cells without labels, as `hemascope adapt --unlabelled` does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from hemascope.serve.adapted import NOT_BETTER, Head, Row, checked_zoom, model_file, parsed, refused, zoomed_model
from hemascope.serve.body import BYTES, Sent, Upload
from hemascope.serve.openapi import images_body, problem_responses
from hemascope.serve.problems import ProblemError
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings
from hemascope.serve.single import SingleQueue

if TYPE_CHECKING:
    from hemascope.adapt.adaptation import Adaptation
    from hemascope.adapt.choice import Choice
    from hemascope.predict.classifier import Classifier

LOOKED = 64
"""Images that a zoom is chosen by: each is classified at eight."""

_ABOUT = "As JSON: zoom, at which they are seen; where it is left out, one is chosen."
_FEW = "too few images could be looked at"


class Unlabelled(BaseModel):
    """What is said of images without labels."""

    model_config = ConfigDict(extra="forbid")

    zoom: float | None = None


class Changed(BaseModel):
    """An image that gets another class."""

    file: str | None = Field(description="The file's name as it was sent; null where none was.")
    before: str
    after: str


class Fit(BaseModel):
    """What fits the model to images without labels, and what it changes."""

    zoom: float = Field(description="1 where no other is clearly better.")
    taught: Head | None = Field(description="To be sent with images, as the zoom is; null where the head stays.")
    differing: float | None = Field(
        description="Share of the images' turned views that are called otherwise than the image as it is; null where "
        "the head cannot be fitted."
    )
    images: int = Field(description="How many were looked at; too few are too few to tell.")
    changed: list[Changed] = Field(description="Those of them that get another class.")
    rows: list[Row] = Field(description="What changes, for people.")
    lines: list[str] = Field(description="What was chosen, and why.")
    seconds: float = Field(description="What that took.")


def router(service: Service, settings: Settings, queue: SingleQueue) -> APIRouter:
    """The endpoints; their work takes turns in the queue."""
    routes = APIRouter()
    usual = refused(settings)
    most = settings.max_files
    body = {"requestBody": images_body(settings, most, _ABOUT)}

    @routes.post(
        "/v1/fit",
        summary="The zoom and the head that fit images",
        openapi_extra=body,
        responses=problem_responses(*usual),
    )
    async def fit(request: Request) -> Fit:
        """Send some images of all classes as they come, 32 at the least; unreadable ones are passed over.

        To choose a zoom by 64 of them takes as long as classifying 512, and to fit the head as long as classifying each
        four times. None is kept.
        """
        return await queue.work(request, lambda sent: _told(service, queue, sent), most, about=True)

    @routes.post(
        "/v1/fitted",
        summary="The model file that fits images",
        response_class=Response,
        openapi_extra=body,
        responses=model_file(*usual, NOT_BETTER),
    )
    async def fitted(request: Request) -> Response:
        """Send the same as to /v1/fit; the answer is a model file that `hemascope predict -m` takes."""

        def work(sent: Sent) -> bytes:
            import onnx

            from hemascope.adapt.variant import zoomed

            told, _ = _fit(service, queue, sent)
            if told.zoom == 1 and told.turned.head is None:
                raise ProblemError(NOT_BETTER, " ".join(told.lines))
            own = service.classifier
            whole = replace(told.choice, zoom=zoomed(own.card, told.zoom).zoom)  # with the model's own
            model = replace(told, choice=whole).model(onnx.load(own.path), own.card, own.digest)
            return bytes(model.SerializeToString())

        return Response(await queue.work(request, work, most, about=True), media_type=BYTES)

    return routes


def _told(service: Service, queue: SingleQueue, sent: Sent) -> Fit:
    start, card = time.monotonic(), service.classifier.card
    told, places = _fit(service, queue, sent)
    head, differing = told.turned.head, told.turned.differing
    names = [[card.classes[label] for label in said.argmax(axis=1)] for said in (told.before, told.after)]
    labels = zip(places, *names, strict=True)
    return Fit(
        zoom=told.zoom,
        taught=None if head is None else Head.of(head.at(told.turned.temperature), card, labelled=False),
        differing=None if differing is None else differing[0],
        images=told.images,
        changed=[Changed(file=sent.uploads[place].name, before=a, after=b) for place, a, b in labels if a != b],
        rows=[Row(name=name, before=a, after=b) for name, a, b in (told.rows if told.images else ())],
        lines=told.lines,
        seconds=round(time.monotonic() - start, 2),
    )


def _fit(service: Service, queue: SingleQueue, sent: Sent) -> tuple[Adaptation, list[int]]:
    """What fits the service's model to images, beyond a zoom of its own, and the places of those that were looked at.

    Raises:
        ProblemError: what is said of them cannot be used.
    """
    import onnx

    from hemascope.adapt.adaptation import Adaptation
    from hemascope.adapt.agreement import Agreement, agree, held
    from hemascope.adapt.choice import Choice
    from hemascope.adapt.seen import FEWEST
    from hemascope.adapt.views import VIEWS, turned
    from hemascope.data.framing import frame

    said, own, until = parsed(Unlabelled, sent.about), service.classifier, queue.until()
    uploads = sent.uploads if len(sent.uploads) >= FEWEST else []
    if said.zoom is None:
        choice = _choice(own, queue, uploads, until)
    else:
        choice = Choice(checked_zoom(said.zoom), (), (), "as the request says")
    model = zoomed_model(service, choice.zoom) or own
    found = held(onnx.load(own.path), own.card, str(own.path))
    views = 1 if isinstance(found, str) else VIEWS
    seen: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
    for place, image in queue.pictures(uploads, until):
        after, features = model.run_all(turned(frame(image, model.card.picture_side)[None], views)[0])
        before = after if model is own else own.run("probabilities", frame(image, own.card.picture_side)[None])
        seen.append((place, before[:1], after[:1], features[None]))
    if isinstance(found, str) or len(seen) < FEWEST:
        head = Agreement(None, 1.0, found if isinstance(found, str) else _FEW)
    else:
        head = agree(*found, np.concatenate([features for *_, features in seen]))
    none = np.zeros((0, len(own.classes)), np.float32)
    was, now = (np.concatenate([none, *(one[part] for one in seen)]) for part in (1, 2))
    if head.probabilities is not None:
        now = head.probabilities
    return Adaptation(own.classes, len(seen), [], choice, head, was, now), [place for place, *_ in seen]


def _choice(model: Classifier, queue: SingleQueue, uploads: Sequence[Upload], until: float) -> Choice:
    """The zoom for images, by some evenly through them."""
    from hemascope.adapt.choice import ZOOMS, Choice, choose
    from hemascope.adapt.seen import FEWEST, at_zooms

    places = np.linspace(0, len(uploads) - 1, min(len(uploads), LOOKED)).astype(int)
    looked = queue.pictures([uploads[place] for place in places], until)
    seen = [at_zooms(model, image, ZOOMS) for _, image in looked]
    return choose(np.stack(seen, axis=1)) if len(seen) >= FEWEST else Choice(1, (), (), _FEW)
