"""Where model files are: those shipped with the package, by name, those of the user, by path, and the hub's."""

import os
from pathlib import Path

from hemascope.errors import ModelFileError
from hemascope.predict import hub

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "robust"
"""Name of the shipped model that is used where none is named."""


def names(weights: Path | None = None) -> tuple[str, ...]:
    """Names of the models shipped with the package, sorted."""
    return tuple(sorted(file.stem for file in (weights or WEIGHTS).glob("*.onnx")))


def find(path_or_name: str | Path, weights: Path | None = None) -> Path:
    """The model file meant by a path, a Run folder, the name of a shipped model, or ``hf://user/name`` on the hub.

    Args:
        path_or_name: the path or the name; see `hemascope.predict.hub.fetch`.
        weights: where the shipped ones of that kind are; the classifiers where not given.

    Raises:
        ModelFileError: there is none; the error lists the names that exist.
    """
    if hub.is_on_hub(str(path_or_name)):
        return hub.fetch(str(path_or_name))
    path = Path(path_or_name)
    if path.is_file():
        return path
    if path.is_dir() and (path / "model.onnx").is_file():
        return path / "model.onnx"
    name = str(path_or_name)
    if name in names(weights):
        return (weights or WEIGHTS) / f"{name}.onnx"
    known = ", ".join(names(weights))
    offered = f"Shipped models: {known}." if known else "This installation ships no models."
    remedy = f"{offered} Or give the path of a model.onnx, or hf://user/name."
    if path.is_dir():
        raise ModelFileError(f"{path}: the folder holds no model.onnx", remedy)
    if path.suffix or os.sep in name:
        raise ModelFileError(f"{path}: no such file", remedy)
    raise ModelFileError(f"{name!r} is neither a shipped model nor a file", remedy)
