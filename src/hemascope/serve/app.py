"""The service as an ASGI application."""

from pathlib import Path

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from hemascope import __version__
from hemascope.serve import count, differential, fit, heat, picture, samples, teach
from hemascope.serve.access import Access
from hemascope.serve.guard import Guard
from hemascope.serve.openapi import describe
from hemascope.serve.problems import of_status
from hemascope.serve.routes import router
from hemascope.serve.service import Service
from hemascope.serve.settings import Settings
from hemascope.serve.single import SingleQueue

PAGE = Path(__file__).parent / "page"
"""The web page: static files, served at ``/`` where the folder holds an index.html."""

FITTING = 4
"""Requests that fit or teach, at a time: each takes seconds of one core."""


def create_app(settings: Settings) -> FastAPI:
    """The application; it loads the model when it is started.

    >>> create_app(Settings()).title
    'hemascope'
    """
    service = Service(settings)
    fitting = SingleQueue(service, settings, FITTING)
    app = FastAPI(
        title="hemascope",
        version=__version__,
        summary="Classifies images of single blood cells, and counts the cells of whole fields.",
        description=_description(settings),
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=service.running,
    )
    app.include_router(router(service, settings))
    app.include_router(count.router(service, settings))
    app.include_router(heat.router(service, settings))
    app.include_router(picture.router(service, settings))
    app.include_router(fit.router(service, settings, fitting))
    app.include_router(teach.router(service, settings, fitting))
    app.include_router(samples.router(settings))
    app.include_router(differential.router(service, settings))
    if (PAGE / "index.html").is_file():
        # Not mounted: a mount at / would take the place of 405, for methods that an endpoint does not know.
        app.router.default = StaticFiles(directory=PAGE, html=True)
    app.add_exception_handler(HTTPException, _as_problem)
    app.add_middleware(Guard, access=Access(settings), metrics=service.metrics)
    describe(app, settings)
    return app


async def _as_problem(_: Request, error: Exception) -> Response:
    """What the framework raises, such as 404 and 405."""
    assert isinstance(error, HTTPException)
    return of_status(error.status_code, error.detail, error.headers).response()


def _description(settings: Settings) -> str:
    return (
        "Not a medical device: not for diagnosis. Errors are problem details (RFC 9457). "
        f"A request may be {settings.max_body:,} bytes and hold {settings.max_files:,} images of "
        f"{settings.max_pixels:,} pixels each; it is answered within {settings.seconds:g} seconds. "
        f"When {settings.queue:,} images or {settings.queue_pixels:,} pixels wait, the answer is 503 with Retry-After "
        "at once. "
        f"A field that is searched for cells may have {settings.max_field_pixels:,} pixels. "
        "Nothing uploaded is written to disk or logged."
    )
