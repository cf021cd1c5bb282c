"""A picture's file before it is unpacked: its format, its size, its orientation, and only what its pixels need.

Pillow reads all of a file's metadata when it opens it, and some of them without a bound: texts and profiles are
unpacked, directories whose entries overlap are copied over and over. None of that changes a pixel, so it is cut away
first, in one pass over the parts of the file.
"""

import math
import os
import re
import struct
from dataclasses import dataclass

from hemascope.data import tiff
from hemascope.errors import DecodeError

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM")
"""Formats that are read, by Pillow's names: its other readers (EPS) may call programs, or work without a bound."""

ALLOWED = "HEMASCOPE_FORMATS"
"""Environment variable that allows more of them: a list with commas out of ``ON_REQUEST``."""

ON_REQUEST = ("JPEG2000", "AVIF")
"""Formats whose readers can work for a minute on a file of 1 KB."""

_PARTS = 10_000  # of a file, beside one a KiB
_STARTS = (
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("TIFF", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("BMP", re.compile(rb"BM")),
    ("WEBP", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("PPM", re.compile(rb"P[1-6]\s")),
    ("JPEG2000", re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51")),
    ("AVIF", re.compile(rb"....ftyp(?:avi[fs]|mif1|msf1)", re.DOTALL)),
)
_EXIF = b"Exif\0\0"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_NO_LENGTH = {0x00, 0x01, 0xFF, *range(0xD0, 0xD9)}  # JPEG markers, and what stands in the place of one
_JPEG_DROPPED = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # all applications' parts but JFIF and Adobe's, and comments


@dataclass(frozen=True)
class Encoded:
    """A picture's file.

    Attributes:
        kind: its format, by Pillow's name.
        data: the file without what its pixels do not need.
        size: width and height, where the file says them before Pillow opens it; else zeros.
        orientation: how it is to be turned, 1 .. 8 as in EXIF.
        scans: how often a JPEG goes over its pixels; 1 of all others.
        frames: whether there are more than the first, as far as it says.
        page: the directory of a TIFF.
    """

    kind: str
    data: bytes
    size: tuple[int, int] = (0, 0)
    orientation: int = 1
    scans: int = 1
    frames: bool = False
    page: tiff.Page | None = None


def encoded(data: bytes) -> Encoded:
    """Look at a file, in time and memory that grow with its length alone.

    Raises:
        DecodeError: of no format that is read, or damaged.

    >>> encoded(b"GIF89a").kind
    'GIF'
    """
    kind = next((kind for kind, start in _STARTS if start.match(data)), None)
    if kind is None:
        raise DecodeError("not a picture of a known format")
    if kind in ON_REQUEST and kind not in os.environ.get(ALLOWED, "").upper().replace(" ", "").split(","):
        raise DecodeError(f"{kind} is not read unless the environment variable {ALLOWED} names it")
    try:
        match kind:
            case "JPEG":
                return _jpeg(data)
            case "PNG":
                return _png(data)
            case "WEBP":
                return _webp(data)
            case "TIFF":
                page = tiff.first_page(data)
                size = page.width, page.height
                return Encoded(kind, data, size, page.number(tiff.ORIENTATION, 1), page=page)
    except (struct.error, IndexError, OverflowError) as problem:
        raise DecodeError("the file is cut off or damaged") from problem
    return Encoded(kind, data)


def _jpeg(data: bytes) -> Encoded:
    kept, orientation, place, parts = [data[:2]], 1, 2, 0
    while True:
        parts = _counted(parts, data)
        if data[place] != 0xFF:
            raise DecodeError("no marker where one should be")
        marker = data[place + 1]
        if marker in _NO_LENGTH:
            place += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            break
        (length,) = struct.unpack_from(">H", data, place + 2)
        if marker == 0xE1 and data.startswith(_EXIF, place + 4):
            orientation = tiff.orientation(data[place + 10 : place + 2 + length])
        if marker not in _JPEG_DROPPED:
            kept.append(data[place : place + 2 + length])
        place += 2 + max(length, 2)
    end = data.find(b"\xff\xd9", place)
    scans = data.count(b"\xff\xda", place, end if end > 0 else len(data))
    return Encoded("JPEG", b"".join([*kept, data[place:]]), orientation=orientation, scans=scans)


def _png(data: bytes) -> Encoded:
    kept, orientation, frames, place, parts = [_PNG_START], 1, False, len(_PNG_START), 0
    width, height = struct.unpack_from(">II", data, place + 8)
    while place + 8 <= len(data):
        parts = _counted(parts, data)
        length, name = struct.unpack_from(">I4s", data, place)
        if name in _PNG_PIXELS and (name == b"IHDR") == (parts == 1):
            kept.append(data[place : place + 12 + length])
        elif name == b"eXIf":
            orientation = tiff.orientation(data[place + 8 : place + 8 + length].removeprefix(_EXIF))
        elif name == b"acTL":
            frames = True
        place += 12 + length
    return Encoded("PNG", b"".join(kept), (width, height), orientation, frames=frames)


def _webp(data: bytes) -> Encoded:
    sizes, orientation, frames, place, parts = [(0, 0)], 1, 0, 12, 0
    while place + 8 <= len(data):
        parts = _counted(parts, data)
        name, length = struct.unpack_from("<4sI", data, place)
        place += 8
        if name == b"VP8X":
            width, height = data[place + 4 : place + 7], data[place + 7 : place + 10]
            sizes.append((int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1))
        elif name == b"VP8 ":
            width, height = struct.unpack_from("<HH", data, place + 6)
            sizes.append((width & 0x3FFF, height & 0x3FFF))
        elif name == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, place + 1)
            sizes.append(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
        elif name == b"EXIF":
            orientation = tiff.orientation(data[place : place + length].removeprefix(_EXIF))
        frames += name == b"ANMF"
        place += length + length % 2
    return Encoded("WEBP", data, max(sizes, key=math.prod), orientation, frames=frames > 1)


def _counted(parts: int, data: bytes) -> int:
    """One part more.

    Raises:
        DecodeError: there are too many of them.
    """
    if parts > _PARTS + len(data) // 1024:
        raise DecodeError(f"made of more than {parts:,} parts")
    return parts + 1
