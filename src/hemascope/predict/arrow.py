"""Arrow arrays made of buffers, because pyarrow.array() imports pandas where it is installed: two seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def strings(values: Sequence[str | None]) -> pa.Array:
    """Texts; null where there is None.

    >>> strings(["a", None]).to_pylist()
    ['a', None]
    """
    encoded = [(value or "").encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [_bitmap(np.array([value is not None for value in values], bool)), offsets.tobytes(), b"".join(encoded)]
    return pa.Array.from_buffers(pa.string(), len(values), [pa.py_buffer(buffer) for buffer in buffers])


def numbers(values: np.ndarray) -> pa.Array:
    """Numbers as float32; null where they are not finite."""
    buffers = [_bitmap(np.isfinite(values)), values.astype(np.float32).tobytes()]
    return pa.Array.from_buffers(pa.float32(), len(values), [pa.py_buffer(buffer) for buffer in buffers])


def booleans(values: np.ndarray, valid: np.ndarray) -> pa.Array:
    """Of bool (n,); null where not valid."""
    buffers = [_bitmap(valid), _bitmap(values)]
    return pa.Array.from_buffers(pa.bool_(), len(values), [pa.py_buffer(buffer) for buffer in buffers])


def _bitmap(valid: np.ndarray) -> bytes:
    """Arrow's bits of bool (m,)."""
    return np.packbits(valid, bitorder="little").tobytes()
