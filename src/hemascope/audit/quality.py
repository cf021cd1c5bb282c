"""Blur, light, detail and size, compared with the other images of the class.

Light and detail are measured as cleanvision does. Its measure of blur counts the frame that Pillow's edge filter leaves
unfiltered and misses cells out of focus (a Gaussian of 3 pixels moved PBC's images by 2 deviations), so ours differs.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from cleanvision.issue_managers.image_property import calc_entropy
from PIL import Image

from hemascope.audit.findings import Finding
from hemascope.audit.scale import robust_z, suspicion, usual

_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
_BURNT_OUT = 250  # grey levels, in all three channels
_LIMIT = 6.0
"""So many deviations from the median of its class are a finding. Cells vary with heavy tails: a limit of 4 would show
one image of PBC in a hundred."""


@dataclass(frozen=True)
class _Check:
    """Attributes: the kind of finding, the property, which side is bad, the least deviation, words for the property."""

    kind: str
    measure: str
    side: Literal["low", "high", "both"]
    floor: float
    words: str


_CHECKS = (
    _Check("blur", "sharpness", "low", 0.1, "steepness of the edges"),
    _Check("dark", "light", "low", 0.03, "brightness of the lightest parts"),
    _Check("bright", "shade", "high", 0.15, "brightness of the darkest parts"),
    _Check("bright", "clipped", "high", 0.5, "share of pixels that are burnt out"),
    _Check("low-information", "entropy", "low", 0.05, "bits of information a pixel"),
    _Check("odd-size", "size", "both", 0.03, "size (square root of the area, pixels)"),
    _Check("odd-size", "shape", "high", 0.03, "longer side as a multiple of the shorter"),
)
PROPERTIES = tuple(check.measure for check in _CHECKS)


def properties(framed: np.ndarray, width: int, height: int) -> dict[str, float]:
    """What is measured of one image; all values are above 0.

    Args:
        framed: uint8 (96, 96, 3), so that images of all sizes compare.
        width, height: of the whole picture in pixels.

    Returns:
        ``light`` and ``shade``: the 99th and the 5th percentile of the brightness, 0 to 1; ``clipped``: the share of
        burnt-out pixels, and one in a hundred more; ``entropy`` of the grey values in bits; ``sharpness``: see
        `_sharpness`; ``size``: the square root of the area in pixels; ``shape``: the longer side as a multiple of
        the shorter.
    """
    shade, light = _percentiles_of_brightness(framed, (5, 99))
    red, green, blue = framed.transpose(2, 0, 1)
    darkest = np.minimum(np.minimum(red, green), blue)  # min(axis=2) takes ten times as long
    measured = {
        "light": light,
        "shade": shade,
        "clipped": 0.01 + np.count_nonzero(darkest >= _BURNT_OUT) / darkest.size,
        "entropy": calc_entropy(Image.fromarray(framed).convert("L")),
        "sharpness": _sharpness(framed),
        "size": np.sqrt(width * height),
        "shape": max(width, height) / min(width, height),
    }
    return {name: max(float(value), 1e-3) for name, value in measured.items()}


def check_quality(measured: pd.DataFrame, targets: np.ndarray) -> tuple[dict[str, np.ndarray], list[Finding]]:
    """Compare every image with those of its class.

    Args:
        measured: a row an image, columns as of `properties`; NaN where unreadable.
        targets: class numbers, int64 (n,).

    Returns:
        For each kind (blur, dark, bright, low-information, odd-size) the scores, float64 (n,) in [0, 1]; and the
        findings, where a score is at least a half.
    """
    scores = {check.kind: np.zeros(len(measured)) for check in _CHECKS}
    findings: dict[tuple[int, str], Finding] = {}
    for check in _CHECKS:
        values = np.log(measured[check.measure].to_numpy(np.float64))
        z = robust_z(values, targets, check.floor)
        excess = {"low": -z, "high": z, "both": np.abs(z)}[check.side]
        score = suspicion(excess, _LIMIT, width=1.5)
        scores[check.kind] = np.maximum(scores[check.kind], score)
        middle = np.exp(usual(values, targets))
        for row in np.flatnonzero(score >= 0.5).tolist():
            reason = f"{check.words}: {measured[check.measure].iloc[row]:.3g}; usual in its class: {middle[row]:.3g}"
            findings.setdefault((row, check.kind), Finding(row, check.kind, float(scores[check.kind][row]), reason))
    return scores, list(findings.values())


def _percentiles_of_brightness(framed: np.ndarray, percentiles: tuple[int, ...]) -> np.ndarray:
    """The same numbers as of cleanvision's ``calc_percentile_brightness``, in a tenth of its time: whole numbers are
    sorted, and only those asked for become brightness."""
    red, green, blue = framed.transpose(2, 0, 1).astype(np.int32)
    energy = np.sort((241 * (red * red) + 691 * (green * green) + 68 * (blue * blue)).ravel())
    place = np.array(percentiles) / 100 * (len(energy) - 1)
    below = place.astype(int)
    low, high = (np.sqrt(energy[places] / 1000) / 255 for places in (below, np.minimum(below + 1, len(energy) - 1)))
    return np.asarray(low + (high - low) * (place - below))


def _sharpness(framed: np.ndarray) -> float:
    """How steep the edges are, whatever their contrast: energy of the Laplacian over that of the gradient."""
    grey = framed @ _GREY
    middle, left, right = grey[1:-1, 1:-1], grey[1:-1, :-2], grey[1:-1, 2:]
    above, below = grey[:-2, 1:-1], grey[2:, 1:-1]
    laplacian = left + right
    for part in (above, below, -4 * middle):  # in place: new arrays would take as long as the sums
        laplacian += part
    across, down = right - left, below - above
    gradient = np.square(across, out=across)
    gradient += np.square(down, out=down)
    gradient /= 4
    # 0.5: the noise of rounding to bytes
    return float((np.square(laplacian, out=laplacian).mean() + 0.5) / (gradient.mean() + 0.5))
