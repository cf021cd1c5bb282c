"""What a submission holds: model.py with the class Model, and the model file, settings and words beside it."""

import json
import re
from importlib.metadata import requires
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from hemascope.predict.card import ModelCard

NEEDED = ("numpy", "onnxruntime")
"""Packages that the evaluator must have."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same Run gives the same bytes


def requirements() -> tuple[str, ...]:
    """The packages with the versions that hemascope itself asks for.

    >>> [line.partition(">")[0] for line in requirements()]
    ['numpy', 'onnxruntime']
    """
    core = [line for line in requires("hemascope") or [] if "extra ==" not in line]
    return tuple(line for line in core if re.split(r"[^\w.-]", line)[0].lower() in NEEDED)


def write_zip(path: Path, model: Path, card: ModelCard, views: int) -> None:
    """Write a submission.

    Args:
        path: the zip; the caller sees to it that it is replaced whole.
        model: the model file.
        card: its card.
        views: positions in which every image is classified, 1 .. 8.
    """
    settings = {"name": card.name, "classes": card.classes, "views": views}
    texts = {
        "model.py": Path(__file__).with_name("model.py").read_text(encoding="utf-8"),
        "submission.json": json.dumps(settings, indent=1) + "\n",
        "requirements.txt": "\n".join(requirements()) + "\n",
        "README.txt": _readme(card),
    }
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, text in texts.items():
            file.writestr(_entry(name), text)
        file.writestr(_entry("model.onnx"), model.read_bytes())


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _EPOCH)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _readme(card: ModelCard) -> str:
    numbers = "\n".join(f"  {number}  {name}" for number, name in enumerate(card.classes))
    data = ", ".join(str(card.data[key]) for key in ("name", "licence", "attribution") if card.data.get(key))
    return f"""{card.name}: a classifier of single blood cells, written by hemascope {card.hemascope}

  from model import Model
  classes = Model().predict(X)    # X: (n, 96, 96, 3), 0 .. 255 -> int64 (n,)

Class numbers:
{numbers}

Trained on: {data or "not stated"}
Limits: {card.limits or "not stated"}
"""
