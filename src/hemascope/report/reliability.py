"""The reliability curve: confidence against accuracy, before and after the temperature."""

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.report import svg


class Curve(NamedTuple):
    """Bins with images, by confidence: mean confidence, accuracy and images, each (filled,); and the ECE."""

    confidence: np.ndarray
    accuracy: np.ndarray
    images: np.ndarray
    ece: float


def reliability_curve(calibration: dict[str, Any], when: str) -> Curve:
    """One curve of a split's calibration in metrics.json; ``when`` is "before" or "after" the temperature."""
    part = calibration[when]
    count = np.array(part["count"], np.int64)
    filled = count > 0
    confidence, accuracy = (np.array(part[key], float)[filled] for key in ("confidence", "accuracy"))
    return Curve(confidence, accuracy, count[filled], float(part["ece"]))


@svg.styled
def draw_reliability(before: Curve, after: Curve) -> Markup:
    """Both curves against the diagonal of perfect calibration; below, how many images each bin holds."""
    figure, (above, below) = svg.canvas(4.4, 4.3, [3.2, 1])
    above.plot([0, 1], [0, 1], color=svg.MUTED, lw=0.9, ls=(0, (3, 3)))
    for curve, colour, label, marker in (
        (before, svg.SECOND, "before", "s"),
        (after, svg.ACCENT, "after temperature", "o"),
    ):
        # Bins of few images say little: small marks.
        size = 10 + 50 * np.sqrt(curve.images / max(curve.images.sum(), 1))
        above.plot(curve.confidence, curve.accuracy, color=colour, lw=1.3)
        above.scatter(
            curve.confidence, curve.accuracy, s=size, color=colour, marker=marker, label=label, zorder=3, clip_on=False
        )
    above.set(xlim=(0, 1.02), ylim=(0, 1.04), ylabel="share right")
    above.legend(loc="upper left")
    below.bar(after.confidence, after.images, width=0.045, color=svg.ACCENT)
    below.set(ylabel="images", xlabel="confidence", yscale="log", ylim=(0.7, None))
    below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    for axes in (above, below):
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    above.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
    words = f"Reliability curve. Expected calibration error {before.ece:.4f} before, {after.ece:.4f} after temperature."
    return svg.inline(figure, "reliability", words)
