"""Draws what fills the body of a cell, but for nucleus and granules."""

import numpy as np

from hemascope.data.smears.canvas import Canvas
from hemascope.data.smears.scene import Cytoplasm

_EDGE = 0.9  # µm from the outline over which `Cytoplasm.edge` fades


def filling(cytoplasm: Cytoplasm, depth: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Relative thickness of the cytoplasm, about 1, never negative; float32 (h, w).

    Args:
        cytoplasm: what to draw.
        depth: from `Canvas.depth` of its shape, µm (h, w).
        canvas: where to draw.
        rng: gives the mottling.
    """
    mottled = 1 + cytoplasm.mottle * canvas.texture(rng, cytoplasm.mottle_scale)
    return np.maximum(mottled + cytoplasm.edge * np.clip(1 - depth / _EDGE, 0, 1), 0)


def bubbles(cytoplasm: Cytoplasm, canvas: Canvas) -> np.ndarray:
    """Where the vacuoles lie: 0 (none there) .. 1 (all through), float32 (h, w)."""
    return np.minimum(canvas.discs(cytoplasm.vacuoles, np.ones(len(cytoplasm.vacuoles))), 1)
