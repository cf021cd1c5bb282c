"""A dozen drawn cells, for those who want to try the page and have no images at hand."""

import asyncio
import io
import zipfile
from functools import lru_cache

from fastapi import APIRouter, Response
from PIL import Image

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import draw
from hemascope.serve.access import refusals
from hemascope.serve.openapi import problem_responses
from hemascope.serve.settings import Settings

COUNT = 12
_SEED = 7
_SIDE = 200


def router(settings: Settings) -> APIRouter:
    """The endpoint."""
    routes = APIRouter()

    @routes.get(
        "/v1/samples",
        summary="Drawn cells to try",
        response_class=Response,
        responses={
            200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
            **problem_responses(*refusals(settings)),
        },
    )
    async def samples() -> Response:
        """A zip of twelve synthetic smears, JPEG; they are drawings and of no patient."""
        return Response(await asyncio.to_thread(samples_zip), media_type="application/zip")

    return routes


@lru_cache(maxsize=1)
def samples_zip() -> bytes:
    """The drawings, named by number and class; drawn when first asked for.

    >>> len(zipfile.ZipFile(io.BytesIO(samples_zip())).namelist())
    12
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i in range(COUNT):
            picture = io.BytesIO()
            Image.fromarray(draw(_SEED, i, _SIDE).image).save(picture, "JPEG", quality=95)
            name = f"drawn cells/{i + 1:02}-{BLOOD_CLASSES[i % len(BLOOD_CLASSES)]}.jpg"
            archive.writestr(zipfile.ZipInfo(name), picture.getvalue())
    return packed.getvalue()
