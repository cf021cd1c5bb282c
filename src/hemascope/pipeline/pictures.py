"""What callers of scikit-learn call pictures: one by one, or numbers in flat rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hemascope.predict.pixels import Picture


def are_rows(X: Any) -> bool:  # noqa: N803
    """Whether these are numbers, as scikit-learn's rows are, rather than pictures one by one."""
    if isinstance(X, list | tuple):
        first = X[0] if len(X) else None
        return isinstance(first, list | tuple | int | float) or (isinstance(first, np.ndarray) and first.ndim < 2)
    if hasattr(X, "iloc"):  # a table, or a column of one
        return getattr(X, "ndim", 2) == 2 or X.dtype.kind in "iufcb"
    if isinstance(X, np.ndarray):
        return X.ndim == 2 or (X.ndim < 2 and X.dtype.kind in "iufcb")
    return not isinstance(X, Sequence) or isinstance(X, str | bytes)  # sparse ones and others, for scikit-learn to say


def listed(X: Any) -> list[Picture]:  # noqa: N803
    """Pictures one by one, each of a kind that can be one.

    Raises:
        ValueError: one is not, or there are none.

    >>> len(listed(np.zeros((2, 4, 4, 3), np.uint8)))
    2
    """
    found = list(X)
    if not found:
        raise ValueError("0 pictures: at least one is needed (n_samples=0)")
    for number, one in enumerate(found):
        if not isinstance(one, str | Path | bytes | bytearray | memoryview | np.ndarray | Image.Image):
            raise ValueError(f"X[{number}] is a {type(one).__name__}, and no path, bytes, Pillow image or uint8 array")
        if isinstance(one, np.ndarray) and one.dtype != np.uint8:
            raise ValueError(f"X[{number}] is {one.dtype} {one.shape}: pixels are uint8 (h, w, 3), 0 .. 255")
    return found


def unfolded(rows: np.ndarray, shape: tuple[int, ...] | None) -> list[Picture]:
    """Flat rows (n, p) as pictures, uint8 of ``shape``: (h, w) or (h, w, 3); square where not given.

    Raises:
        ValueError: rows of another width, or values that are no pixels'.

    >>> unfolded(np.zeros((1, 48), np.uint8), None)[0].shape, unfolded(np.ones((1, 4)), None)[0].tolist()
    ((4, 4, 3), [[255, 255], [255, 255]])
    """
    width = rows.shape[1]
    if shape is None:
        colours = 3 if width % 3 == 0 and round((width / 3) ** 0.5) ** 2 * 3 == width else 1
        side = round((width / colours) ** 0.5)
        shape = (side, side, 3)[: 3 if colours == 3 else 2]
    if int(np.prod(shape)) != width or len(shape) not in (2, 3):
        raise ValueError(
            f"{width} n_features a row are no square picture of one or three channels: give image_shape=(h, w, 3)"
        )
    most = 1 if rows.dtype.kind == "f" else 255
    if rows.min(initial=0) < 0:
        raise ValueError("Negative values in data passed to an estimator of pictures, which have none")
    if rows.max(initial=0) > most:
        raise ValueError(f"rows hold {rows.min():g} .. {rows.max():g}, and pictures integers 0 .. 255 or floats 0 .. 1")
    return list(np.rint(rows * (255 / most)).astype(np.uint8).reshape(-1, *shape))
