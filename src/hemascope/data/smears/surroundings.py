"""Composes what lies around a cell, from the same distribution whatever the class: red cells, strays, plasma."""

from dataclasses import replace
from math import hypot

import numpy as np

from hemascope.data.smears.morphology import DESCRIBE
from hemascope.data.smears.scene import FIELD, Cell, RedCell, Surroundings

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
