"""Draws granules: many small discs at once."""

import numpy as np

from hemascope.data.smears.canvas import Canvas
from hemascope.data.smears.scene import Granules


def grains(granules: Granules, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Amount of the granules' pigment, float32 (h, w); where granules overlap, less than their sum."""
    heights = np.maximum(1 + granules.shade * rng.standard_normal(len(granules.discs)), 0.1)
    total = canvas.discs(granules.discs, heights)
    # Two granules one above the other are hardly darker than one: out of focus, they hide each other.
    return granules.amount * np.where(total > 1, 1 + 0.25 * (total - 1), total).astype(np.float32)


def scattered(
    rng: np.random.Generator, count: int, reach: float, radius: tuple[float, float], hollow: float = 0.0
) -> np.ndarray:
    """Discs at random in a ring from ``hollow`` to ``reach`` µm, radii between two bounds: x, y, radius (n, 3)."""
    away = np.sqrt(rng.uniform(hollow**2, reach**2, count))
    angle = rng.uniform(0, 2 * np.pi, count)
    return np.stack([away * np.cos(angle), away * np.sin(angle), rng.uniform(*radius, count)], axis=1)


def packed(rng: np.random.Generator, spacing: float, reach: float, radius: tuple[float, float]) -> np.ndarray:
    """Discs side by side, a shaken hexagonal lattice within ``reach`` µm: x, y, radius (n, 3)."""
    steps = np.arange(-int(reach / spacing) - 1, int(reach / spacing) + 2)
    column, row = (values.ravel() for values in np.meshgrid(steps, steps))
    at = np.stack([(column + 0.5 * (row % 2)) * spacing, row * spacing * np.sqrt(3) / 2], axis=1)
    at = at[np.hypot(*at.T) < reach]
    at = at + rng.normal(0, 0.3 * spacing, at.shape)
    return np.column_stack([at, rng.uniform(*radius, len(at))])
