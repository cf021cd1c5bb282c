"""Draws a nucleus: where it lies and how much chromatin each of its pixels holds."""

import numpy as np

from hemascope.data.smears.canvas import Canvas, cover, rise
from hemascope.data.smears.scene import Nucleus

_MEMBRANE = 0.35  # µm from the outline over which the denser rim fades


def chromatin(
    nucleus: Nucleus, depth: np.ndarray, canvas: Canvas, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The nucleus' cover (0 .. 1) and its amount of chromatin, from each pixel's depth in it; float32 (h, w) each.

    Args:
        nucleus: what to draw.
        depth: from `Canvas.depth` of its shape, µm (h, w).
        canvas: where to draw.
        rng: gives the pattern of the clumps.

    Dense clumps (heterochromatin) stand on paler, open chromatin; a rim of clumps lines the membrane.
    """
    inside = cover(depth, 0.2)
    clumps = rise(canvas.texture(rng, nucleus.grain) + 1.6 - 1.3 * nucleus.openness, 1.7)
    shading = 1 + np.float32(0.06) * canvas.texture(rng, 1.5)
    rim = np.clip(1 - np.maximum(depth, 0) / _MEMBRANE, 0, 1)
    open_chromatin = nucleus.contrast * (1 - clumps) * (1 - 0.8 * rim)
    amount = nucleus.density * shading * (1 - open_chromatin + nucleus.rim * rim)
    if len(nucleus.nucleoli):
        amount = amount * (1 - 0.35 * np.minimum(canvas.discs(nucleus.nucleoli, np.ones(len(nucleus.nucleoli))), 1))
    return inside, inside * amount
