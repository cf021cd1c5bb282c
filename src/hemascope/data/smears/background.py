"""Draws what lies around the cell: the film of plasma and the red cells with their pale centres."""

import numpy as np

from hemascope.data.smears.canvas import Canvas, rise
from hemascope.data.smears.scene import Pigment, RedCell, Surroundings

_PILED = np.float32(0.45)  # what the thinner of two overlapping red cells adds to the density of the other


def spread(surroundings: Surroundings, canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """The smear before any white cell lies on it: amounts of pigment, float32 (5, h, w)."""
    layers = np.zeros((len(Pigment), *canvas.shape), np.float32)
    layers[Pigment.ACIDOPHILIA] = surroundings.plasma * (1 + 0.4 * canvas.texture(rng, 4.0))
    uneven = 1 + np.float32(0.05) * canvas.texture(rng, 2.0)
    wave = np.float32(0.05) * canvas.texture(rng, 2.5)
    for red_cell in surroundings.red_cells:
        _lay(red_cell, layers, canvas, uneven, wave)
    return layers


def _lay(cell: RedCell, layers: np.ndarray, canvas: Canvas, uneven: np.ndarray, wave: np.ndarray) -> None:
    near = canvas.window(cell.x, cell.y, cell.radius * cell.stretch + 0.5)
    if not all(near.shape):
        return
    sine, cosine = float(np.sin(cell.angle)), float(np.cos(cell.angle))
    along = (near.x * cosine + near.y * sine) * np.float32(1 / cell.stretch)
    across = near.y * cosine - near.x * sine
    place = (near.rows, near.columns)
    away = np.sqrt(along * along + across * across) / np.float32(cell.radius) + wave[place]
    # The biconcave disc: thickest at two thirds of the radius, thin in the centre, round at the edge.
    edge = rise(1 - away, 0.09)
    pit = 1 - rise(away - (cell.pale_radius - 0.16), 0.32)
    thickness = edge * (1 - cell.pallor * pit) * uneven[place]
    for pigment, amount in ((Pigment.HAEMOGLOBIN, cell.amount), (Pigment.BASOPHILIA, cell.basophilia)):
        if amount:
            below, above = layers[pigment][place], amount * thickness
            # Red cells are soft: where two overlap they thin out, so the sum of both would be too dark.
            layers[pigment][place] = np.maximum(below, above) + _PILED * np.minimum(below, above)
