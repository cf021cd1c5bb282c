"""Pixels of any kind to uint8 RGB: a Pillow picture of any mode, or an array of numbers with a known range."""

import numpy as np
from PIL import Image, ImageCms

from hemascope.errors import DecodeError


def of_picture(picture: Image.Image, bits: int = 16) -> np.ndarray:
    """A Pillow picture of any mode as uint8 (h, w, 3); what is transparent is laid over white.

    Args:
        picture: which.
        bits: of the numbers in a picture of 16 bits that hold less than that.

    Raises:
        DecodeError: its numbers are out of the range of their kind.

    >>> of_picture(Image.new("HSV", (2, 1), (0, 255, 255)))[0, 0].tolist()
    [255, 0, 0]
    """
    picture.load()
    mode = picture.mode
    if mode in ("I", "F") or mode.startswith("I;16"):
        return of_numbers(np.asarray(picture), bits)
    if mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("LA") if mode == "La" else picture
        return over_white(picture if mode == "RGBA" else picture.convert("RGBA"))
    if mode == "RGB":
        return np.array(picture)  # convert() would copy it once more
    if mode == "LAB":  # Pillow's convert() does not know it
        return np.array(ImageCms.profileToProfile(picture, _profile("LAB"), _profile("sRGB"), outputMode="RGB"))
    return np.array(picture.convert("RGB"))


def of_numbers(values: np.ndarray, bits: int = 16) -> np.ndarray:
    """Grey or RGB numbers, (h, w) or (h, w, 3), as uint8 (h, w, 3).

    Whole numbers run from 0 to the highest of ``bits``; others from 0 to 1 or, where one is above 1, to 255.

    Raises:
        DecodeError: numbers out of that range.

    >>> of_numbers(np.array([[0, 0.5, 1]], np.float32))[0, :, 0].tolist()
    [0, 128, 255]
    """
    if values.dtype != np.uint8:
        whole = values.dtype.kind != "f"
        top = float(2**bits - 1) if whole else 1.0 if values.max(initial=0) <= 1 else 255.0
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > top:
            raise DecodeError(f"grey values run from {values.min()} to {values.max()}, not from 0 to {top:g}")
        if whole:  # a table takes an eighth of the memory
            values = np.rint(np.arange(2**bits) * (255 / top)).astype(np.uint8)[values]
        else:
            values = np.rint(values * np.float32(255 / top)).astype(np.uint8)
    return np.repeat(values[..., None], 3, axis=2) if values.ndim == 2 else values


def over_white(picture: Image.Image) -> np.ndarray:
    """A picture of mode RGBA laid over white, uint8 (h, w, 3)."""
    white = Image.new("RGBA", picture.size, "white")
    return np.array(Image.alpha_composite(white, picture).convert("RGB"))


def _profile(space: str) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space))  # type: ignore[arg-type]
