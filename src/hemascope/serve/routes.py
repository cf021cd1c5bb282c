"""The endpoints."""

import asyncio
import json
from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request, Response

from hemascope.serve import problems
from hemascope.serve.access import refusals
from hemascope.serve.adapted import ADAPTED, UNUSABLE, model_for
from hemascope.serve.admission import answered, work_of
from hemascope.serve.body import read_images
from hemascope.serve.metrics import CONTENT_TYPE
from hemascope.serve.openapi import images_body, problem_responses
from hemascope.serve.problems import NOT_READY, REQUEST_TIMEOUT, ProblemError, overloaded
from hemascope.serve.schemas import Finder, Limits, Model, Predictions, State
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings


def router(service: Service, settings: Settings) -> APIRouter:
    """The endpoints of a service."""
    routes = APIRouter()
    refused = refusals(settings)

    @routes.post(
        "/v1/predict",
        summary="Classify images",
        response_model=Predictions,
        openapi_extra={"requestBody": images_body(settings, settings.max_files, ADAPTED)},
        responses=problem_responses(
            problems.MALFORMED,
            *refused,
            *problems.UPLOAD,
            problems.TOO_MANY_PIXELS,
            UNUSABLE,
            problems.INTERNAL,
            problems.OVERLOADED,
        ),
    )
    async def predict(request: Request) -> Response:
        """Send a form with the field `files`, or the bytes of one image.

        Every image of a form gets an answer in the order sent; one that cannot be read has its `error` filled and
        does not harm the others. An image sent alone as bytes that cannot be read is answered by its problem.
        """
        service.batcher.check()
        with service.memory.place(settings.max_body) as place:
            try:
                async with asyncio.timeout(settings.seconds) as limit:
                    uploads, form, about = await read_images(request, place, settings.max_files, about=True)
            except TimeoutError:
                raise ProblemError(
                    REQUEST_TIMEOUT, f"It was not complete after {settings.seconds:g} seconds."
                ) from None
            try:
                async with asyncio.timeout_at(limit.when()):
                    model = await asyncio.to_thread(model_for, service, about) if about is not None else None
                    if model is not None:
                        uploads = [replace(upload, model=model) for upload in uploads]
                    work = await asyncio.to_thread(work_of, uploads, settings.max_pixels)
                    judged = await answered(service.batcher, request, uploads, work)
            except TimeoutError:
                raise overloaded(f"There was no answer after {settings.seconds:g} seconds.") from None
        answers = [answer for answer, _ in judged]
        service.count(answers)
        if not form and (error := answers[0]["error"]):
            return Response(json.dumps(error, ensure_ascii=False), error["status"], media_type=problems.MEDIA_TYPE)
        content = {"model": service.name, "predictions": answers, "unlike": service.network.unlike(judged, model)}
        return Response(json.dumps(content, ensure_ascii=False), media_type="application/json")

    @routes.get("/v1/model", summary="The model card and the limits", responses=problem_responses(*refused))
    async def model() -> Model:
        """What the classifier is, what it saw, what it scores; and what a request may be."""
        limits = {name: getattr(settings, name) for name in Limits.model_fields}
        card: Any = asdict(service.classifier.card)
        finder = None if service.counter is None else Finder(**service.counter.about)
        return Model(
            card=card,
            sha256=service.classifier.digest,
            device=service.classifier.device.name,
            limits=Limits(**limits),
            fields=finder,
        )

    @routes.get("/healthz", summary="Is the process alive?")
    async def healthz() -> State:
        """Answers as long as the process does."""
        return State(status="ok")

    @routes.get("/readyz", summary="Can it take requests?", responses=problem_responses(problems.NOT_READY))
    async def readyz() -> State:
        """Answers 200 when the model is loaded and the queue has room."""
        try:
            service.batcher.check()
        except ProblemError as problem:
            raise ProblemError(NOT_READY, problem.detail, problem.headers) from problem
        return State(status="ok")

    @routes.get(
        "/metrics",
        summary="Numbers for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problem_responses(*refused)},
    )
    async def metrics() -> Response:
        """Requests, images, batches, the queue and memory."""
        return Response(service.metrics_text(), media_type=CONTENT_TYPE)

    return routes
