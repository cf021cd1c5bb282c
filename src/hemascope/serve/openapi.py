"""What OpenAPI says beyond what the endpoints' types do: bodies, problems, limits and the token."""

from typing import Any

from fastapi import FastAPI

from hemascope.serve import problems
from hemascope.serve.body import BYTES, FIELD, FORM
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


def predict_body(settings: Settings) -> dict[str, Any]:
    """The request body of ``POST /v1/predict``."""
    files = {"type": "array", "items": _IMAGE, "minItems": 1, "maxItems": settings.max_files}
    form = {"type": "object", "properties": {FIELD: files}, "required": [FIELD], "additionalProperties": False}
    return {
        "required": True,
        "description": (
            f"At most {settings.max_body:,} bytes, {settings.max_files:,} images, "
            f"{settings.max_pixels:,} pixels an image."
        ),
        "content": {FORM: {"schema": form}, BYTES: {"schema": _IMAGE}, "image/*": {"schema": _IMAGE}},
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
                for path in ("/v1/predict", "/v1/model", "/v1/classes", "/v1/heat", "/v1/picture", "/metrics"):
                    for operation in document["paths"][path].values():
                        operation["security"] = [{"token": []}]
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]
