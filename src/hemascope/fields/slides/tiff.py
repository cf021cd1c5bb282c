"""Slides that are TIFFs, pyramids or not, by tifffile: only those tiles or strips are unpacked that are asked for."""

from __future__ import annotations

import logging
import math
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from hemascope.data import rgb
from hemascope.errors import DecodeError
from hemascope.fields.slides.slide import Level

if TYPE_CHECKING:
    from tifffile import TiffFile

SIZES = (0.02, 10.0)
"""Micrometres a pixel that a microscope may have; what files say beyond is the size of a print or a screen."""

_JPEG = {6, 7, 34892, 33007}
_UNITS = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
_RESOLUTION = {2: 25_400.0, 3: 10_000.0}  # micrometres in an inch, in a centimetre
_MOST_PAGES = 100_000


class Part(NamedTuple):
    """A picture within a TIFF.

    Attributes:
        series, page: number of its series where it is a pyramid, else of its page.
        pixels: of it.
        levels: how many.
    """

    series: int | None
    page: int
    pixels: int
    levels: int


def parts(path: str | os.PathLike[str]) -> list[Part] | None:
    """The pictures within a TIFF; None where its pages are the channels or planes of one, or one of few pixels.

    Thumbnails, labels and overviews beside a pyramid are passed over.

    Raises:
        Exception: of any kind, it is damaged.
    """
    with _opened(path) as file:
        series = file.series
        pyramids = [i for i, one in enumerate(series) if len(one.levels) > 1]
        if pyramids:
            first = pyramids[0]
            return [Part(first, 0, math.prod(_size(series[first].keyframe)), len(series[first].levels))]
        if any("C" in one.axes for one in series):
            return None
        found = []
        for number, page in enumerate(file.pages):
            key: Any = page.keyframe
            if not (key.is_reduced or key.is_mask):
                found.append(Part(None, number, math.prod(_size(key)), 1))
        return found


class TiffReader:
    """An open TIFF; see `hemascope.fields.slides.slide.Reader`.

    Args:
        path: its file.
        part: of `parts`.
        most: pixels of a tile or strip; one of more is refused before it is unpacked.

    Raises:
        DecodeError: pixels of a kind that is not read; the file is truncated.
    """

    def __init__(self, path: str | os.PathLike[str], part: Part, most: int) -> None:
        self._file = _opened(path)
        try:
            if part.series is None:
                self._pages: list[list[Any]] = [[self._file.pages[part.page]]]
            else:
                self._pages = [list(level.pages) for level in self._file.series[part.series].levels]
            sizes = [_size(pages[0].keyframe) for pages in self._pages]
            for pages in self._pages:
                for page in pages:
                    _check(page, self._file.filehandle.size, most)
            if len(self._pages[0]) not in (1, 3):
                raise DecodeError(f"a slide of {len(self._pages[0])} planes; save it as RGB")
            self.micrometres = micrometres(self._file, self._pages[0][0].keyframe)
        except BaseException:
            self._file.close()
            raise
        self.levels = tuple(Level(width, height, sizes[0][0] / width) for width, height in sizes)

    def read(self, level: int, left: int, top: int, width: int, height: int) -> np.ndarray:
        """A part that lies within a level, in its pixels; uint8 (height, width, 3)."""
        found = [self._values(page, left, top, width, height) for page in self._pages[level]]
        key = self._pages[level][0].keyframe
        return _coloured(found[0] if len(found) == 1 else np.concatenate(found, axis=-1), key)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _values(self, page: Any, left: int, top: int, width: int, height: int) -> np.ndarray:
        key = page.keyframe
        out = np.full((height, width, key.samplesperpixel), _white(key), key.dtype)
        if _is_mapped(page):
            whole = page.asarray(out="memmap").reshape(*key.shaped)[:, 0]  # planes, rows, columns, samples
            cut = whole[:, top : top + height, left : left + width]
            out[...] = cut[0] if len(cut) == 1 else np.moveaxis(cut[..., 0], 0, -1)
            return out
        jpeg = {}
        if key.compression in _JPEG:
            jpeg = {"jpegtables": page.jpegtables, "jpegheader": key.jpegheader}
        file, decode = self._file.filehandle, key.decode  # taken here, since making it moves in the file
        for number in _touched(key, left, top, width, height):
            count = page.databytecounts[number]
            if not count:
                continue  # a tile that was not scanned
            file.seek(page.dataoffsets[number])
            values, (plane, _, y, x, _), _ = decode(file.read(count), number, **jpeg)
            if values is None:
                continue
            block = values[0]
            y0, y1 = max(y, top), min(y + block.shape[0], top + height)
            x0, x1 = max(x, left), min(x + block.shape[1], left + width)
            there = out[y0 - top : y1 - top, x0 - left : x1 - left]
            taken = block[y0 - y : y1 - y, x0 - x : x1 - x]
            if _planes(key) > 1:
                there[..., plane] = taken[..., 0]
            else:
                there[...] = taken
        return out


def micrometres(file: TiffFile, page: Any) -> float | None:
    """Micrometres a pixel as a TIFF says: Aperio's MPP, OME's physical size, ImageJ's unit, or its resolution."""
    found: float | None = None
    description = page.description or ""
    if match := re.search(r"\bMPP\s*=\s*([\d.]+)", description):
        found = _number(match[1])
    elif file.is_ome and (match := re.search(r'\bPhysicalSizeX="([^"]+)"', file.ome_metadata or "")):
        unit = re.search(r'\bPhysicalSizeXUnit="([^"]+)"', file.ome_metadata or "")
        found = _number(match[1], _UNITS.get(unit[1] if unit else "µm"))
    elif 282 in page.tags:
        numerator, denominator = page.tags[282].value
        unit = re.search(r"^unit=(\S+)", description, re.MULTILINE)
        known = _UNITS.get(unit[1].replace("\\u00B5", "µ")) if unit else None
        one = known or _RESOLUTION.get(int(page.tags[296].value) if 296 in page.tags else 2)
        if numerator and one:
            found = one * denominator / numerator
    return found if found is not None and SIZES[0] <= found <= SIZES[1] else None


def _number(text: str, times: float | None = 1.0) -> float | None:
    try:
        return None if times is None else float(text) * times
    except ValueError:
        return None


def _opened(path: str | os.PathLike[str]) -> TiffFile:
    from tifffile import TiffFile

    _check_pages(os.fspath(path))
    logger = logging.getLogger("tifffile")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # what it says of damaged files is in their rows
    return TiffFile(os.fspath(path))


def _check_pages(path: str) -> None:
    """Refuse pages that go round in a circle, which tifffile follows without end, and too many of them.

    Raises:
        DecodeError: they are such.
    """
    with Path(path).open("rb") as file:
        head = file.read(4)
        order = ">" if head[:2] == b"MM" else "<"
        big = head[2:] in (b"+\0", b"\0+")
        entries, entry = ("Q", 20) if big else ("H", 12)
        offset = "Q" if big or path.lower().endswith(".ndpi") else "I"

        def number(kind: str) -> int:
            return int(struct.unpack(order + kind, file.read(struct.calcsize(order + kind)))[0])

        seen: set[int] = set()
        try:
            file.seek(8 if big else 4)
            while at := number(offset):
                if at in seen:
                    raise DecodeError("damaged: its pages go round in a circle")
                if len(seen) == _MOST_PAGES:
                    raise DecodeError(f"a TIFF of more than {_MOST_PAGES:,} pages")
                seen.add(at)
                file.seek(at)
                file.seek(number(entries) * entry, os.SEEK_CUR)
        except (struct.error, OSError, OverflowError):
            return  # the last one lies beyond the end


def _size(key: Any) -> tuple[int, int]:
    return int(key.imagewidth), int(key.imagelength)


def _block(key: Any) -> tuple[int, int]:
    """Width and height of its tiles or strips."""
    if key.is_tiled:
        return int(key.tilewidth), int(key.tilelength)
    return int(key.imagewidth), min(int(key.rowsperstrip), int(key.imagelength))


def _planes(key: Any) -> int:
    return int(key.samplesperpixel) if int(key.planarconfig) == 2 else 1


def _grid(key: Any) -> tuple[int, int]:
    """How many tiles or strips across and down."""
    return tuple(-(-whole // own) for whole, own in zip(_size(key), _block(key), strict=True))  # type: ignore[return-value]


def _touched(key: Any, left: int, top: int, width: int, height: int) -> Iterator[int]:
    (across, down), (wide, high) = _grid(key), _block(key)
    for plane in range(_planes(key)):
        for row in range(top // high, -(-(top + height) // high)):
            for column in range(left // wide, -(-(left + width) // wide)):
                yield (plane * down + row) * across + column


def _is_mapped(page: Any) -> bool:
    """Whether its strips are plain pixels, one after another, so that they are read as they lie in the file."""
    return not page.keyframe.is_tiled and bool(page.is_memmappable)


def _check(page: Any, size: int, most: int) -> None:
    """Refuse what cannot be read, or would take too much memory."""
    if page is None:
        raise DecodeError("a TIFF whose pages lie without directories; save it anew")
    key = page.keyframe
    if key.dtype not in (np.uint8, np.uint16) or int(key.photometric) not in (0, 1, 2, 3, 6):
        kind = getattr(key.photometric, "name", key.photometric)  # a number, where it is none of TIFF's
        raise DecodeError(
            f"a TIFF of {key.samplesperpixel} channels of {key.bitspersample} bits ({kind})"
            " is not read; save it as RGB of 8 bits"
        )
    if int(key.photometric) == 6 and int(key.compression) not in _JPEG | {33003, 33005}:
        raise DecodeError("a TIFF in YCbCr that is no JPEG is not read; save it as RGB")
    if key.imagedepth != 1 or 0 in _size(key):
        raise DecodeError("a TIFF of volumes is not read")
    width, height = _block(key)
    if width * height > most and not _is_mapped(page):
        raise DecodeError(
            f"its tiles or strips are of {width:,} x {height:,} pixels, more than {most:,}; save it tiled"
        )
    offsets, counts = page.dataoffsets, page.databytecounts
    across, down = _grid(key)
    if len(offsets) != len(counts) or (not _is_mapped(page) and len(offsets) < across * down * _planes(key)):
        raise DecodeError("damaged: some of its tiles or strips are not listed")
    lost = sum(offset + count > size for offset, count in zip(offsets, counts, strict=True))
    if lost:
        raise DecodeError(f"truncated: {lost:,} of its {len(offsets):,} tiles or strips lie beyond its end")


def _white(key: Any) -> int:
    return 0 if int(key.photometric) == 0 else int(np.iinfo(key.dtype).max)


def _coloured(values: np.ndarray, key: Any) -> np.ndarray:
    """Numbers (h, w, samples) as uint8 (h, w, 3)."""
    bits = 16 if values.dtype == np.uint16 else 8
    if int(key.photometric) == 3:
        colours = (np.moveaxis(np.asarray(key.colormap), 0, -1) >> 8).astype(np.uint8)
        return colours[np.minimum(values[..., 0], len(colours) - 1)]
    samples = 3 if values.shape[-1] >= 3 else 1
    image = rgb.of_numbers(np.ascontiguousarray(values[..., 0] if samples == 1 else values[..., :3]), bits)
    if int(key.photometric) == 0:
        image = 255 - image
    if values.shape[-1] > samples and 2 in (int(extra) for extra in key.extrasamples):
        alpha = values[..., samples] >> (bits - 8)
        image = rgb.over_white(Image.fromarray(np.dstack([image, alpha.astype(np.uint8)]), "RGBA"))
    return image
