"""Draws what lies around the cell: the film of plasma and the red cells with their pale centres."""

from dataclasses import replace
from math import hypot

import numpy as np

from hemascope.data.smears.canvas import Canvas, rise
from hemascope.data.smears.morphology import DESCRIBE
from hemascope.data.smears.scene import FIELD, Cell, Pigment, RedCell, Surroundings

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


_ROOM = FIELD / 2 + 3.0  # µm from the centre: cells beyond the border still reach into the field


def surround(cell: Cell, rng: np.random.Generator) -> Surroundings:
    """Red cells that touch but do not cover ``cell``, at times a platelet or another white cell at the border."""
    others = [_stray("platelet", cell, rng) for _ in range(int(rng.poisson(0.35)))]
    if rng.random() < 0.06:
        others.append(_stray(str(rng.choice(list(DESCRIBE))), cell, rng, FIELD / 2))
    taken = [(cell.x, cell.y, cell.cytoplasm.shape.reach - 0.5), *((o.x, o.y, o.reach - 0.3) for o in others)]
    crowding = rng.uniform(0.6, 1.1)  # how near two red cells may come, in sums of their radii
    size, pallor, haemoglobin = rng.normal(3.5, 0.15), rng.uniform(0.3, 0.75), rng.normal(1.1, 0.1)
    red_cells: list[RedCell] = []
    for x, y in rng.uniform(-_ROOM, _ROOM, (int(rng.uniform(15, 60)), 2)):
        radius = size * np.exp(rng.normal(0, 0.05))
        if any(hypot(x - ox, y - oy) < reach + radius for ox, oy, reach in taken):
            continue
        if any(hypot(x - c.x, y - c.y) < crowding * (c.radius + radius) for c in red_cells):
            continue
        red_cells.append(
            RedCell(
                x=x,
                y=y,
                radius=radius,
                stretch=1 + rng.gamma(1.2, 0.08),
                angle=rng.uniform(0, np.pi),
                pallor=float(np.clip(pallor + rng.normal(0, 0.1), 0.05, 0.9)),
                pale_radius=rng.uniform(0.28, 0.46),
                amount=haemoglobin * np.exp(rng.normal(0, 0.08)),
                basophilia=rng.uniform(0.08, 0.2) if rng.random() < 0.05 else 0.0,
            )
        )
    return Surroundings(tuple(red_cells), tuple(others), plasma=rng.gamma(1.5, 0.008))


def _stray(label: str, cell: Cell, rng: np.random.Generator, at_least: float = 0.0) -> Cell:
    other = DESCRIBE[label](rng)
    away = max(cell.reach + other.reach + rng.uniform(0, 3), at_least)
    angle = rng.uniform(0, 2 * np.pi)
    return replace(other, x=away * np.cos(angle), y=away * np.sin(angle))
