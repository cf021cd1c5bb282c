"""What OpenAPI says beyond what the endpoints' types do: bodies, problems, limits and the token."""

from typing import Any

from fastapi import FastAPI

from hemascope.serve import problems
from hemascope.serve.access import PROTECTED
from hemascope.serve.body import ABOUT, BYTES, FIELD, FORM, MOST_ABOUT
from hemascope.serve.examples import show
from hemascope.serve.schemas import Problem
from hemascope.serve.settings import Settings

_IMAGE = {"type": "string", "format": "binary", "minLength": 1, "description": "One encoded image."}


def problem_responses(*kinds: problems.Kind) -> dict[int | str, dict[str, Any]]:
    """The responses of an endpoint that are problems, with an example of each kind."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = found.setdefault(
            kind.status,
            {
                "description": kind.title,
                "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        example = {"summary": kind.title, "value": kind.details("What is wrong this time.")}
        response["content"][problems.MEDIA_TYPE]["examples"][kind.code] = example
        if kind in (problems.OVERLOADED, problems.UNAUTHORIZED):
            name = "Retry-After" if kind is problems.OVERLOADED else "WWW-Authenticate"
            response["headers"] = {name: {"schema": {"type": "string"}}}
    return found


def images_body(
    settings: Settings, most: int, about: str = "", *, form_only: bool = False, pixels: int | None = None
) -> dict[str, Any]:
    """The request body of an endpoint that takes images.

    Args:
        settings: the limits.
        most: images.
        about: what the form may say about them, as JSON; nothing where empty.
        form_only: whether it says so in any case, so that the bytes of an image alone are of no use.
        pixels: of an image, where they are not `Settings.max_pixels`.
    """
    properties: dict[str, Any] = {FIELD: {"type": "array", "items": _IMAGE, "minItems": 1, "maxItems": most}}
    if about:
        properties[ABOUT] = {
            "type": "string",
            "contentMediaType": "application/json",
            "maxLength": MOST_ABOUT,
            "description": about,
        }
    form = {
        "type": "object",
        "properties": properties,
        "required": list(properties) if form_only else [FIELD],
        "additionalProperties": False,
    }
    alone = {} if form_only else {BYTES: {"schema": _IMAGE}, "image/*": {"schema": _IMAGE}}
    return {
        "required": True,
        "description": (
            f"At most {settings.max_body:,} bytes, {most:,} images, {pixels or settings.max_pixels:,} pixels an image."
        ),
        "content": {FORM: {"schema": form}, **alone},
    }


def describe(app: FastAPI, settings: Settings) -> None:
    """Complete the application's OpenAPI document, and keep it."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = make()
            components = document.setdefault("components", {})
            components.setdefault("schemas", {}).setdefault("Problem", Problem.model_json_schema())
            if settings.token:
                components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                for path, operations in document["paths"].items():
                    for operation in operations.values() if path.startswith(PROTECTED) else ():
                        operation["security"] = [{"token": []}]
            show(document, bool(settings.token))
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
