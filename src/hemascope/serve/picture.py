"""Pictures for browsers: what the model sees of images in formats that browsers cannot draw, such as TIFF."""

import io

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from PIL import Image

from hemascope.serve import problems
from hemascope.serve.access import refusals
from hemascope.serve.openapi import images_body, problem_responses
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings
from hemascope.serve.single import SingleQueue

SIDE = 480
"""Pixels of the largest picture along each side."""

_WAITING = 32


def router(service: Service, settings: Settings) -> APIRouter:
    """The endpoint."""
    routes = APIRouter()
    queue = SingleQueue(service, settings, _WAITING)
    refused = refusals(settings)

    @routes.post(
        "/v1/picture",
        summary="An image as PNG",
        response_class=Response,
        openapi_extra={"requestBody": images_body(settings, 1)},
        responses={
            200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
            **problem_responses(problems.MALFORMED, *refused, *problems.UPLOAD, problems.INTERNAL, problems.OVERLOADED),
        },
    )
    async def picture(
        request: Request,
        whole: str | None = Query(None, description='"true": all of it, as large as it is, for fields.'),
    ) -> Response:
        """Send one image; the answer is its centred square, at most 480 pixels wide. Nothing is kept."""
        most, make = (settings.max_field_pixels, encoded) if whole == "true" else (settings.max_pixels, png)
        return Response(
            await queue.work(request, lambda sent: make(queue.pixels(sent.uploads[0], most))), media_type="image/png"
        )

    return routes


def png(image: np.ndarray) -> bytes:
    """The centred square of uint8 pixels (h, w, 3), made smaller where it is larger than SIDE, as a PNG file.

    >>> Image.open(io.BytesIO(png(np.zeros((600, 900, 3), np.uint8)))).size
    (480, 480)
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(image[top : top + side, left : left + side])
    if side > SIDE:
        square = square.resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return encoded(np.asarray(square))


def encoded(image: np.ndarray) -> bytes:
    """Pixels uint8 (h, w, 3) as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", compress_level=1)
    return file.getvalue()
