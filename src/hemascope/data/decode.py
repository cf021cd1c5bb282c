"""Encoded pictures, or arrays out of containers, to uint8 RGB. Needs Pillow and numpy only.

Whatever a file holds, the time and the memory it takes are bounded: by the length of the file, and by the pixels that
it announces before they are unpacked.
"""

import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from hemascope.data import left_out, rgb
from hemascope.data.encoded import Encoded, encoded
from hemascope.data.opening import opened
from hemascope.data.regular import MAX_PIXELS, read_picture
from hemascope.data.remote.path import RemotePath
from hemascope.data.tiff import Page, layout
from hemascope.errors import DecodeError, HemascopeError

LIMIT = "HEMASCOPE_MAX_PIXELS"
"""Environment variable that sets another limit."""

_SCANNED_PIXELS = 500_000_000  # times that a progressive JPEG goes over a pixel, all together
_SIGNS = {"uint8": 0x80, "uint16": 0x8000}


def decode(data: bytes | Path | str, *, name: str = "", max_pixels: int | None = None) -> np.ndarray:
    """Decode a picture to RGB.

    Palette, grey, 1-bit, CMYK and 16-bit pictures (0 .. 65535 becomes 0 .. 255) are converted; transparent
    pixels are laid over white; an EXIF orientation is applied; of an animation or a multi-page file the first
    frame is read, of a stack of ImageJ or OME the three channels; `hemascope.data.left_out` tells of it. Colour
    profiles are not applied. Safe to call from several threads.

    Args:
        data: the encoded bytes, or the path of a file.
        name: what errors call the picture; the path where not given.
        max_pixels: a picture of more is refused before it is unpacked; where not given, what the environment
            variable ``HEMASCOPE_MAX_PIXELS`` says, or ``MAX_PIXELS``.

    Returns:
        uint8 (h, w, 3), values 0 .. 255, writable.

    Raises:
        DecodeError: missing, empty, truncated or not a picture of a format that is read, of more than
            ``max_pixels``, or of a kind of pixels whose range is not known; it names the picture and the reason.

    >>> import io
    >>> file = io.BytesIO()
    >>> Image.new("L", (3, 2), 7).save(file, "PNG")
    >>> decode(file.getvalue()).shape
    (2, 3, 3)
    """
    if isinstance(data, str | Path | RemotePath):
        name = name or str(data)
        try:
            data = read_picture(data)
        except (OSError, ValueError) as problem:
            raise DecodeError(f"{name}: {getattr(problem, 'strerror', None) or problem}") from problem
    with _named(name or "image"):
        if not data:
            raise DecodeError("the file is empty")
        return _unpacked(encoded(data), max_pixels or limit())


def decode_picture(picture: Image.Image, name: str = "image") -> np.ndarray:
    """Bring a Pillow picture of any mode to RGB, as `decode` does with a file of it.

    Raises:
        DecodeError: it is read lazily and its file is damaged, it is too large, or its numbers are out of range.

    >>> decode_picture(Image.new("I", (3, 2), 65535))[0, 0].tolist()
    [255, 255, 255]
    """
    with _named(name):
        _require(picture.size, limit())
        picture.load()
        return rgb.of_picture(ImageOps.exif_transpose(picture))


def limit() -> int:
    """The most pixels of a picture, where a caller does not say.

    Raises:
        HemascopeError: the environment variable is no number.

    >>> limit() == MAX_PIXELS or LIMIT in os.environ
    True
    """
    text = os.environ.get(LIMIT)
    if text is None:
        return MAX_PIXELS
    if not text.isdecimal() or not int(text):
        raise HemascopeError(f"{LIMIT} is {text!r}, not a number of pixels", f"Set it as {MAX_PIXELS}.")
    return int(text)


def announced_pixels(data: bytes) -> int:
    """Height times width of a picture as its header announces them; nothing is unpacked. Safe in several threads.

    Returns:
        the pixels; 0 for what is no picture, and for one that `decode` refuses whatever its ``max_pixels``.

    >>> import io
    >>> file = io.BytesIO()
    >>> Image.new("L", (3, 2), 7).save(file, "PNG")
    >>> announced_pixels(file.getvalue()), announced_pixels(b"no picture")
    (6, 0)
    """
    try:
        file = encoded(data)
        width, height = file.size if any(file.size) else opened(file.data, file.kind).size
    except Exception:  # Pillow's readers raise almost anything on damaged files
        return 0
    return width * height


def decode_array(array: np.ndarray, name: str = "image") -> np.ndarray:
    """Bring an array out of a container to RGB.

    Args:
        array: uint8 (h, w), (h, w, 1), (h, w, 3), or (h, w, 4) with alpha, which is laid over white.
        name: what errors call the picture.

    Returns:
        uint8 (h, w, 3), a copy.

    Raises:
        DecodeError: another dtype or shape.

    >>> decode_array(np.zeros((2, 3), np.uint8)).shape
    (2, 3, 3)
    """
    array = np.asarray(array)
    if array.dtype != np.uint8:
        raise DecodeError(f"{name}: pixels are {array.dtype}, not uint8 from 0 to 255")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise DecodeError(f"{name}: shape {array.shape} is not (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)")
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    if array.shape[2] == 4:
        return rgb.over_white(Image.fromarray(np.ascontiguousarray(array), "RGBA"))
    return np.array(array, order="C")


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Whatever goes wrong with a picture becomes a DecodeError that names it."""
    try:
        yield
    except DecodeError as problem:
        raise DecodeError(f"{name}: {problem.problem}", problem.remedy) from problem
    except Image.UnidentifiedImageError as problem:
        raise DecodeError(f"{name}: damaged, or its pixels are of a kind that is not read") from problem
    except HemascopeError:
        raise
    except struct.error as problem:
        raise DecodeError(f"{name}: the file is cut off or damaged") from problem
    except Exception as problem:  # Pillow's readers raise almost anything on damaged files
        raise DecodeError(f"{name}: {str(problem) or type(problem).__name__}") from problem


def _unpacked(file: Encoded, max_pixels: int) -> np.ndarray:
    """The pixels, uint8 (h, w, 3), turned as the file says."""
    _require(file.size, max_pixels)
    if file.page:
        image = _tiff(file.page, max_pixels)
    else:
        picture = opened(file.data, file.kind)
        _require(picture.size, max_pixels)
        if file.scans * picture.width * picture.height > _SCANNED_PIXELS:
            raise DecodeError(
                f"a JPEG that goes {file.scans:,} times over its {picture.width} x {picture.height} pixels"
            )
        image = rgb.of_picture(picture)
        if left_out.wanted() and (file.frames or (file.kind == "GIF" and picture.is_animated)):  # type: ignore[attr-defined]
            left_out.note("its first frame is read, the others are left out")
    if file.orientation not in range(2, 9):
        return image
    turned = image.swapaxes(0, 1) if file.orientation >= 5 else image
    down, across = (-1 if file.orientation in those else 1 for those in ((3, 4, 7, 8), (2, 3, 6, 7)))
    return np.ascontiguousarray(turned[::down, ::across])


def _tiff(page: Page, max_pixels: int) -> np.ndarray:
    """The pixels of a TIFF, uint8 (h, w, 3)."""
    found = layout(page, max_pixels)
    pictures = [opened(file, "TIFF") for file in found.files]
    left_out.note(found.left_out)
    if len(pictures) == 1 and not found.signed and not found.inverted:
        return rgb.of_picture(pictures[0], page.bits)
    channels = [np.asarray(picture) for picture in pictures]
    values = channels[0] if len(channels) == 1 else np.stack(channels, axis=-1)
    if found.signed:
        sign = _SIGNS[values.dtype.name]
        if not (values & sign).any():
            raise DecodeError("signed numbers of which none is negative, so that their range is not known")
        values = values ^ sign
    image = rgb.of_numbers(values, page.bits)
    return 255 - image if found.inverted else image


def _require(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a picture of too many pixels."""
    width, height = size
    if width * height > max_pixels:
        raise DecodeError(f"{width} x {height} pixels are more than {max_pixels:,}")
