"""Where model files are: those shipped with the package, by name, those of the user, by path, and the hub's."""

import os
from pathlib import Path

from hemascope.data.remote.path import located
from hemascope.data.remote.url import is_url, named
from hemascope.errors import ModelFileError, SourceError
from hemascope.predict import hub

WEIGHTS = Path(__file__).parent / "weights"
_MOST = 2 << 30  # bytes of a model file elsewhere, all that ONNX allows
DEFAULT = "robust"
"""Name of the shipped model that is used where none is named."""


def names(weights: Path | None = None) -> tuple[str, ...]:
    """Names of the models shipped with the package, sorted."""
    return tuple(sorted(file.stem for file in (weights or WEIGHTS).glob("*.onnx")))


def _elsewhere(url: str) -> Path:
    """The copy of a model file elsewhere, or of that of a Run there.

    Raises:
        ModelFileError: there is none, or it cannot be copied.
    """
    from hemascope.data.remote.copy import copied

    try:
        is_file = located(named(url)).suffix.lower() == ".onnx"
        return copied(url if is_file else f"{url.rstrip('/')}/model.onnx", _MOST)
    except SourceError as problem:
        raise ModelFileError(problem.problem, problem.remedy) from None


def find(path_or_name: str | Path, weights: Path | None = None) -> Path:
    """The model file meant by a path, a Run folder, the name of a shipped model, or ``hf://user/name`` on the hub.

    Args:
        path_or_name: the path, the name, or the URL of a file or Run, whose model is copied into the cache; for the
            hub's see `hemascope.predict.hub.fetch`.
        weights: where the shipped ones of that kind are; the classifiers where not given.

    Raises:
        ModelFileError: there is none; the error lists the names that exist.
    """
    if hub.is_on_hub(str(path_or_name)):
        return hub.fetch(str(path_or_name))
    if is_url(str(path_or_name)):
        return _elsewhere(str(path_or_name))
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
