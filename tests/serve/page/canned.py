"""Fields for the page, and what a service would say of them."""

import io
import json

from PIL import Image

from hemascope.fields.cell import KINDS
from tests.fields.toy import draw_field, grid

HEIGHT, WIDTH = 320, 480
SQUARES = grid(HEIGHT, WIDTH)
WHITE, RED, PLATELETS = ([kind for kind, *_ in SQUARES].count(kind) for kind in KINDS)

SCORES = {"basophil": 0.6, "eosinophil": 0.3, "lymphocyte": 0.1}


def encoded_as(kind, picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind)
    return file.getvalue()


def field_png(kind="BMP"):  # not PNG: plain squares make a smaller file than any field
    return encoded_as(kind, draw_field(HEIGHT, WIDTH, SQUARES))


def cell(kind, left, top, side, **more):
    found = {
        "box": [left, top, left + side, top + side],
        "kind": kind,
        "score": 0.9,
        "border": False,
        "counted": True,
        "label": {"white": "basophil", "platelet": "platelet"}.get(kind),
        "confidence": 0.6 if kind == "white" else None,
        "probabilities": SCORES if kind == "white" else {},
        "unknown": None,
        "is_unknown": None,
        "sets": {},
        "attributes": {},
        "appearance": "",
        "error": None,
    }
    return {**found, **more}


def answer(cells, red_width=60):
    """What the service says of one field of 800 x 600."""
    field = {
        "file": "field",
        "width": 800,
        "height": 600,
        "red_width": red_width,
        "cells": cells,
        "notes": [],
        "error": None,
    }
    return {"fields": [field], "unlike": None}


CELLS = [
    cell("white", 100, 100, 90),
    cell("white", 400, 300, 90, confidence=0.99, probabilities={"basophil": 0.99, "eosinophil": 0.01, "lymphocyte": 0}),
    cell("white", 720, 300, 80, counted=False, border=True),
    *(cell("red", 20 + 70 * i, 500, 60) for i in range(10)),
    cell("platelet", 300, 100, 20),
]


def said(cells=CELLS, **more):
    body = json.dumps(answer(cells, **more))
    return ("**/v1/count", lambda route: route.fulfill(body=body, content_type="application/json"))


def blank(width=800, height=600):
    return encoded_as("BMP", draw_field(height, width, []))
