"""Pillow, held within bounds: a picture is opened without reading on for ever, and none is unpacked in Python."""

import contextlib
import ctypes
import io
import sys
import threading
import warnings

from PIL import Image, _imaging

from hemascope.errors import DecodeError

_SLOW_PIXELS = 1 << 18  # of what Pillow unpacks in Python, a thousand times as slow: run-length coded BMP, some PPM
_READS = 4096  # of a header

# warnings.catch_warnings is not thread-safe, so one thread at a time parses a header. This costs no speed: what is left
# of a header is short, and parsing is Python, which holds the interpreter's lock anyway. Pixels are unpacked outside.
_header_lock = threading.Lock()

with contextlib.suppress(OSError, AttributeError):  # libtiff prints to stderr what Pillow raises as well
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def opened(data: bytes, kind: str) -> Image.Image:
    """The picture, its pixels not unpacked yet.

    Raises:
        DecodeError: its header does not end, or it would be unpacked slowly.
    """
    with _header_lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        header = _Header(data)
        picture = Image.open(header, formats=(kind,))
        if kind == "TIFF":
            picture.getexif()  # which would else be read with the pixels, and warn there
        header.reads = sys.maxsize
    slow = any(tile.codec_name in Image.DECODERS for tile in getattr(picture, "tile", ()))
    if slow and picture.width * picture.height > _SLOW_PIXELS:
        words = (
            f"{picture.width} x {picture.height} pixels in a seldom kind of {kind}, of which {_SLOW_PIXELS:,} are read"
        )
        raise DecodeError(words, "Save it as PNG.")
    return picture


class _Header(io.BytesIO):
    """A file in which Pillow may not read for ever to find the pixels."""

    reads = _READS

    def read(self, size: int | None = -1, /) -> bytes:
        """Some bytes.

        Raises:
            DecodeError: it has been asked too often.
        """
        self.reads -= 1
        if self.reads < 0:
            raise DecodeError("its header does not end")
        return super().read(size)
