"""Train, stress-test, explain and serve classifiers of single blood cells whose scores hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemascope.predict.shipped import DEFAULT

if TYPE_CHECKING:
    from pathlib import Path

    from hemascope.predict.classifier import Classifier

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def load(path_or_name: str | Path = DEFAULT, *, threads: int | None = None) -> Classifier:
    """Load a classifier from a model file, or a shipped one by its name.

    Args:
        path_or_name: a ``model.onnx``, a Run folder that holds one, or the name of a shipped model.
        threads: images worked on at a time; the number of usable CPU cores where not given.

    Raises:
        hemascope.errors.ModelFileError: no such model, or a file that is not a hemascope model.
    """
    from hemascope.predict import classifier  # numpy and onnxruntime are imported only when needed

    return classifier.load(path_or_name, threads=threads)
