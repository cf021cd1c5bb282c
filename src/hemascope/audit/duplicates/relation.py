"""What became of a copy, in words."""

import math

import numpy as np

from hemascope.audit.duplicates.alignment import warp
from hemascope.audit.duplicates.likeness import overlap
from hemascope.audit.duplicates.squares import LUMA, NAMES, luminance, smoothed, turned

_BRIGHTER = 0.03  # change of the mean luminance
_MAGNIFIED = 0.025
_MOVED = 0.025  # of the side
_TILTED = 1.5  # degrees
_GREY = 4  # grey levels between the channels
_RESTAINED = 0.03  # change of a channel's share
_SOFTER = 0.85  # of the strength of the finest contrast
_SAME = "recompressed or resampled"


def relation(first: np.ndarray, second: np.ndarray, turn: int, affine: np.ndarray) -> str:
    """Say what became of the second image, seen from the first: "rotated by 90°, brighter by 12%".

    Args:
        first: uint8 (s, s, 3).
        second: uint8 (s, s, 3).
        turn: the turn that brings the second back, as of `turned`.
        affine: float64 (3, 3), lays the second, so turned, over the first.
    """
    straight = turned(second, turn).astype(np.float32)
    laid = np.stack([warp(np.ascontiguousarray(straight[..., channel]), affine) for channel in range(3)], axis=2)
    inside = overlap(len(first), affine).astype(bool)
    words = [NAMES[turn], *_moved(affine), *_recoloured(first[inside], laid[inside])]
    sharpness = _fine_contrast(luminance(second)) / max(_fine_contrast(luminance(first)), 1e-6)
    if sharpness < _SOFTER:
        words.append("softer")
    elif sharpness > 1 / _SOFTER:
        words.append("sharper or noisier")
    return ", ".join(filter(None, words)) or _SAME


def _moved(affine: np.ndarray) -> list[str]:
    magnified = math.sqrt(abs(np.linalg.det(affine[:2, :2])))
    tilt = math.degrees(math.atan2(affine[1, 0] - affine[0, 1], affine[0, 0] + affine[1, 1]))
    shift = np.abs(affine[:2, 2]).max() / 2
    words = []
    if magnified > 1 + _MAGNIFIED:
        words.append(f"cropped to about {100 / magnified:.0f}%")
    elif magnified < 1 - _MAGNIFIED:
        words.append(f"wider by about {100 / magnified - 100:.0f}%")
    elif shift > _MOVED:
        words.append(f"shifted by about {100 * shift:.0f}%")
    if abs(tilt) > _TILTED:
        words.append(f"tilted by about {abs(tilt):.0f}°")
    return words


def _recoloured(first: np.ndarray, second: np.ndarray) -> list[str]:
    """Words on the colours of the pixels (n, 3) that both images show."""
    one, other = first.mean(axis=0) + 1, second.mean(axis=0) + 1
    gain = float(other @ LUMA / (one @ LUMA))
    words = []
    if abs(gain - 1) > _BRIGHTER:
        words.append(f"{'brighter' if gain > 1 else 'darker'} by {100 * abs(gain - 1):.0f}%")
    grey = [float(np.ptp(pixels.astype(np.float32), axis=1).mean()) < _GREY for pixels in (first, second)]
    if grey[1] and not grey[0]:
        words.append("in grey")
    elif grey[0] != grey[1] or np.abs(other / other.sum() - one / one.sum()).max() > _RESTAINED:
        words.append("in other colours")
    return words


def _fine_contrast(light: np.ndarray) -> float:
    return float(np.std(smoothed(light, 0.5) - smoothed(light, 1.0)))
