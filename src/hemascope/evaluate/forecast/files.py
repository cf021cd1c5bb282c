"""forecast.json: the three predictions, as they were made."""

import json
from pathlib import Path
from typing import Any

from hemascope.errors import RunError
from hemascope.evaluate.forecast.interval import LEVEL
from hemascope.files import write_text

FILE_NAME = "forecast.json"
FORMAT_VERSION = 1


def write_forecast(
    folder: Path,
    *,
    local: dict[str, Any],
    transformed: dict[str, Any],
    unlabelled: dict[str, Any],
    estimator: dict[str, Any],
) -> None:
    """Write the predictions into a folder, whole or not at all.

    Args:
        folder: where forecast.json will lie.
        local: from `local`.
        transformed: from `Forecaster.transformed`.
        unlabelled: from `Forecaster.folder`, with the folder's ``name`` and the number ``unreadable``.
        estimator: from `Forecaster.about`.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "level": LEVEL,
        "local": local,
        "transformed": transformed,
        "unlabelled": unlabelled,
        "estimator": estimator,
    }
    write_text(folder / FILE_NAME, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def read_forecast(folder: Path) -> dict[str, Any] | None:
    """Read what `write_forecast` wrote; None where there is none.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    remedy = "Delete it, or run hemascope evaluate --unlabelled again."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = int(content["format_version"])
        lacking = {"level", "local", "transformed", "unlabelled", "estimator"} - content.keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise RunError(f"{path}: not a readable forecast ({problem!r})", remedy) from problem
    if version > FORMAT_VERSION or lacking:
        raise RunError(f"{path}: written by a newer hemascope, or changed since", remedy)
    return content


def remove_forecast(folder: Path) -> None:
    """Remove the file: it tells of another model once the folder's predictions are replaced."""
    (folder / FILE_NAME).unlink(missing_ok=True)
