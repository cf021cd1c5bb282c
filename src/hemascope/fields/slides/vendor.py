"""Slides in the formats of scanners' makers, by OpenSlide, where that is installed."""

from __future__ import annotations

import os

import numpy as np

from hemascope.data import rgb
from hemascope.errors import DecodeError
from hemascope.fields.slides.slide import Level
from hemascope.fields.slides.tiff import SIZES

_GENERIC = "generic-tiff"


def is_installed() -> bool:
    """Whether OpenSlide can be used."""
    try:
        import openslide  # noqa: F401
    except (ImportError, OSError):  # its library may lack
        return False
    return True


def is_vendors(path: str | os.PathLike[str]) -> bool:
    """Whether it is in a format of a maker that OpenSlide knows."""
    if not is_installed():
        return False
    import openslide

    return openslide.OpenSlide.detect_format(os.fspath(path)) not in (None, _GENERIC)


class VendorReader:
    """An open slide; see `hemascope.fields.slides.slide.Reader`.

    Raises:
        DecodeError: its levels have no size.
        openslide.OpenSlideError: it is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import openslide

        self._slide = openslide.OpenSlide(os.fspath(path))
        sizes = zip(self._slide.level_dimensions, self._slide.level_downsamples, strict=True)
        self.levels = tuple(Level(width, height, downsample) for (width, height), downsample in sizes)
        if not self.levels or any(0 in level[:2] for level in self.levels):
            self._slide.close()
            raise DecodeError("a slide without pixels")
        try:
            size = float(self._slide.properties.get(openslide.PROPERTY_NAME_MPP_X, ""))
        except ValueError:
            size = 0.0
        self.micrometres = size if SIZES[0] <= size <= SIZES[1] else None

    def read(self, level: int, left: int, top: int, width: int, height: int) -> np.ndarray:
        """A part that lies within a level, in its pixels; what was not scanned is white; uint8 (height, width, 3)."""
        times = self.levels[level].downsample
        place = round(left * times), round(top * times)  # in pixels of the largest level
        return rgb.over_white(self._slide.read_region(place, level, (width, height)))

    def close(self) -> None:
        """Close the file."""
        self._slide.close()
