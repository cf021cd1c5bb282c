"""Encoded pictures, or arrays out of containers, to uint8 RGB. Needs Pillow and numpy only."""

import io
import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from hemascope.data.regular import read_picture
from hemascope.errors import DecodeError

MAX_PIXELS = 100_000_000
"""Pictures larger than this are refused before they are unpacked: a small file may claim to be any size."""

# An explicit list, because Pillow would hand other formats (EPS) to external programs.
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "PPM", "AVIF")
_ORIENTATION = 0x0112  # EXIF tag
_BITS_PER_SAMPLE = 258  # TIFF tag

# warnings.catch_warnings is not thread-safe, so one thread at a time parses a header. This costs no speed:
# header parsing is pure Python and holds the interpreter's lock anyway; pixels are unpacked outside.
_header_lock = threading.Lock()


def decode(data: bytes | Path | str, *, name: str = "", max_pixels: int | None = None) -> np.ndarray:
    """Decode a picture to RGB.

    Palette, grey, 1-bit, CMYK and 16-bit pictures (0 .. 65535 becomes 0 .. 255) are converted; transparent
    pixels are laid over white; an EXIF orientation is applied; of an animation or a multi-page file the first
    frame is read. Colour profiles are not applied. Safe to call from several threads.

    Args:
        data: the encoded bytes, or the path of a file.
        name: what errors call the picture; the path where not given.
        max_pixels: a picture of more is refused before it is unpacked; ``MAX_PIXELS`` where not given.

    Returns:
        uint8 (h, w, 3), values 0 .. 255, writable.

    Raises:
        DecodeError: missing, empty, truncated or not a picture, of more than ``max_pixels``, or of a kind of
            pixels whose range is not known; it names the picture and the reason.

    >>> file = io.BytesIO()
    >>> Image.new("L", (3, 2), 7).save(file, "PNG")
    >>> decode(file.getvalue()).shape
    (2, 3, 3)
    """
    if isinstance(data, str | Path):
        name = name or str(data)
        try:
            data = read_picture(data)
        except (OSError, ValueError) as problem:
            raise DecodeError(f"{name}: {getattr(problem, 'strerror', None) or problem}") from problem
    name = name or "image"
    max_pixels = max_pixels or MAX_PIXELS
    if not data:
        raise DecodeError(f"{name}: the file is empty")
    try:
        picture, orientation = _open(data)
        if picture.width * picture.height > max_pixels:
            raise DecodeError(f"{name}: {picture.width} x {picture.height} pixels are more than {max_pixels:,}")
        if picture.mode == "RGB" and orientation == 1 and "transparency" not in picture.info:
            return np.array(picture)
        return np.array(_to_rgb(ImageOps.exif_transpose(picture) if orientation != 1 else picture, name))
    except DecodeError:
        raise
    except Image.UnidentifiedImageError as problem:
        raise DecodeError(f"{name}: not a picture of a known format") from problem
    except Image.DecompressionBombError as problem:
        raise DecodeError(f"{name}: more than {max_pixels:,} pixels") from problem
    except Exception as problem:  # Pillow's readers raise almost anything on damaged files
        raise DecodeError(f"{name}: {str(problem) or type(problem).__name__}") from problem


def announced_pixels(data: bytes) -> int:
    """Height times width of a picture as its header announces them; nothing is unpacked. Safe in several threads.

    Returns:
        the pixels; 0 for what is no picture, and for one that `decode` refuses whatever its ``max_pixels``.

    >>> file = io.BytesIO()
    >>> Image.new("L", (3, 2), 7).save(file, "PNG")
    >>> announced_pixels(file.getvalue()), announced_pixels(b"no picture")
    (6, 0)
    """
    try:
        with _header_lock, warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Exception:  # Pillow's readers raise almost anything on damaged files
        return 0
    return picture.width * picture.height


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
        return np.array(_over_white(Image.fromarray(np.ascontiguousarray(array), "RGBA")))
    return np.array(array, order="C")


def _open(data: bytes) -> tuple[Image.Image, int]:
    """The picture, its pixels not unpacked yet, and its EXIF orientation (1 .. 8)."""
    with _header_lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
        try:
            orientation = picture.getexif().get(_ORIENTATION, 1)
        except Exception:  # unreadable EXIF data do not make the pixels unreadable
            orientation = 1
    # Pillow turns TIFF pictures itself when it unpacks them.
    return picture, orientation if orientation in range(2, 9) and picture.format != "TIFF" else 1


def _to_rgb(picture: Image.Image, name: str) -> Image.Image:
    """Any picture as mode RGB."""
    picture.load()
    mode = picture.mode
    if mode.startswith("I;16"):
        bits = getattr(picture, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))
        return _scaled(np.asarray(picture), 4095 if tuple(bits) == (12,) else 65535, name)
    if mode == "I":  # PGM files and some PNG and TIFF files of 16 bits
        return _scaled(np.asarray(picture), 65535, name)
    if mode == "F":
        values = np.asarray(picture)
        return _scaled(values, 1.0 if values.max(initial=0) <= 1 else 255.0, name)
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        return _over_white(picture if mode == "RGBA" else picture.convert("RGBA"))
    return picture.convert("RGB")


def _scaled(values: np.ndarray, top: float, name: str) -> Image.Image:
    """Grey values from 0 to ``top`` as a picture of 8 bits."""
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > top:
        raise DecodeError(f"{name}: grey values run from {values.min()} to {values.max()}, not from 0 to {top:g}")
    return Image.fromarray(np.rint(values * (255.0 / top)).astype(np.uint8)).convert("RGB")


def _over_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")
