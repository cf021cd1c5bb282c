"""Lays one cell on the smear: cytoplasm, nucleus, granules and vacuoles, each pigment in its own layer."""

import numpy as np

from hemascope.data.smears.canvas import Canvas, cover, rise
from hemascope.data.smears.scene import Cell, Cytoplasm, Granules, Nucleus, Pigment

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


_DISPLACED = 0.75  # share of the cytoplasm's own pigment that the nucleus displaces
_PROTEIN = 0.22  # acidophilic matrix of a nucleus: it shows pink where the chromatin is open
_LEAST_CYTOPLASM = 0.15  # µm of cytoplasm at least between the nucleus and the outline
_CLEAR = 0.93  # share of all pigment that a vacuole displaces


def lay(cell: Cell, layers: np.ndarray, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Add the cell's pigments to ``layers``, float32 (5, h, w), in place; what lay there is pushed aside.

    Returns:
        The share of each pixel of ``canvas`` that the cell covers, float32 (h, w), 0 .. 1.
    """
    near = canvas.window(cell.x, cell.y, cell.reach + 0.6)
    depth = near.depth(cell.cytoplasm.shape, rng)
    inside = cover(depth, 0.3)
    thickness = filling(cell.cytoplasm, depth, near, rng)
    pigments = np.zeros((len(Pigment), *near.shape), np.float32)
    kernel = np.zeros(near.shape, np.float32)
    if cell.nucleus is not None:
        # A nucleus that meets the cell's membrane flattens against it.
        within = np.minimum(near.depth(cell.nucleus.shape, rng), depth - np.float32(_LEAST_CYTOPLASM))
        kernel, pigments[Pigment.CHROMATIN] = chromatin(cell.nucleus, within, near, rng)
        pigments[Pigment.ACIDOPHILIA] = _PROTEIN * kernel
        thickness = thickness * (1 - cell.cytoplasm.halo * cover(within + 0.6, 1.6))
    for pigment, amount in cell.cytoplasm.stains.items():
        pigments[pigment] += amount * thickness * (1 - _DISPLACED * kernel)
    for granules in cell.granules:
        spots = grains(granules, near, rng) * (1 - (1 - granules.over_nucleus) * kernel)
        # A granule hides the chromatin under it: otherwise the two densities would add up to black.
        pigments[Pigment.CHROMATIN] *= 1 - 0.5 * np.minimum(spots, 1)
        pigments[granules.pigment] += spots
    if len(cell.cytoplasm.vacuoles):
        pigments *= 1 - _CLEAR * bubbles(cell.cytoplasm, near)
    here = layers[:, near.rows, near.columns]
    here *= 1 - inside
    here += pigments * inside
    covered = np.zeros(canvas.shape, np.float32)
    covered[near.rows, near.columns] = inside
    return covered
