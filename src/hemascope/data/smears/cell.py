"""Lays one cell on the smear: cytoplasm, nucleus, granules and vacuoles, each pigment in its own layer."""

import numpy as np

from hemascope.data.smears.canvas import Canvas, cover
from hemascope.data.smears.cytoplasm import bubbles, filling
from hemascope.data.smears.granules import grains
from hemascope.data.smears.nucleus import chromatin
from hemascope.data.smears.scene import Cell, Pigment

_DISPLACED = 0.75  # share of the cytoplasm's own pigment that the nucleus displaces
_PROTEIN = 0.22  # acidophilic matrix of a nucleus: it shows pink where the chromatin is open
_MEMBRANE = 0.15  # µm of cytoplasm at least between the nucleus and the outline
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
        within = np.minimum(near.depth(cell.nucleus.shape, rng), depth - np.float32(_MEMBRANE))
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
