"""Outlines, and those that recur among blood cells: round bodies, beans and chains of lobes. All lengths in µm."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Limb:
    """A capsule: all points within ``radius`` of the line from (x0, y0) to (x1, y1); a disc where both ends meet."""

    x0: float
    y0: float
    x1: float
    y1: float
    radius: float

    @classmethod
    def disc(cls, x: float, y: float, radius: float) -> "Limb":
        """A round limb."""
        return cls(x, y, x, y, radius)


@dataclass(frozen=True)
class Shape:
    """Limbs grown together: a round cell is one limb, a segmented nucleus lobes and strands.

    Attributes:
        limbs: the parts.
        blend: µm over which neighbouring limbs flow into one another.
        ruffle: how far the outline strays in and out, standard deviation in µm.
        ruffle_scale: the length of its waves, µm.
    """

    limbs: tuple[Limb, ...]
    blend: float = 0.4
    ruffle: float = 0.1
    ruffle_scale: float = 2.0

    @property
    def reach(self) -> float:
        """Radius in µm of a circle about the cell's centre that holds the whole shape."""
        ends = [np.hypot(x, y) + limb.radius for limb in self.limbs for x, y in _ends(limb)]
        return float(max(ends)) + 3 * self.ruffle + self.blend / 4


def _ends(limb: Limb) -> tuple[tuple[float, float], tuple[float, float]]:
    return (limb.x0, limb.y0), (limb.x1, limb.y1)


def round_body(
    rng: np.random.Generator,
    radius: float,
    *,
    stretch: float | None = None,
    ruffle: float = 0.15,
    ruffle_scale: float = 2.0,
    x: float = 0.0,
    y: float = 0.0,
) -> Shape:
    """A disc of the same area as one of ``radius`` µm, drawn out by ``stretch`` µm in a random direction."""
    stretch = rng.uniform(0, 0.12) * radius if stretch is None else stretch
    # Area of a capsule: pi r^2 + 2 r stretch, held at pi radius^2.
    half = np.sqrt(radius**2 + (stretch / np.pi) ** 2) - stretch / np.pi
    angle = rng.uniform(0, np.pi)
    dx, dy = stretch / 2 * np.cos(angle), stretch / 2 * np.sin(angle)
    return Shape((Limb(x - dx, y - dy, x + dx, y + dy, half),), ruffle=ruffle, ruffle_scale=ruffle_scale)


def bean(
    rng: np.random.Generator,
    *,
    width: float,
    bend: float,
    sweep: float,
    ruffle: float = 0.2,
    x: float = 0.0,
    y: float = 0.0,
) -> Shape:
    """A bent rod: a band, a kidney or a horseshoe.

    Args:
        rng: gives direction and unevenness.
        width: half its thickness, µm.
        bend: radius of the arc that its middle line follows, µm.
        sweep: how far round the arc it goes, radians.
        ruffle: see `Shape`.
        x: centre of the arc's bulk, µm.
        y: the same, downward.
    """
    start, steps = rng.uniform(0, 2 * np.pi), 5
    angles = start + sweep * np.linspace(-0.5, 0.5, steps)
    # The arc bulges to one side; its bulk, not the centre of its circle, goes to (x, y).
    bulk = 0.7 * bend * np.sinc(sweep / 2 / np.pi)
    xs = x + bend * np.cos(angles) - bulk * np.cos(start)
    ys = y + bend * np.sin(angles) - bulk * np.sin(start)
    widths = width * np.exp(rng.normal(0, 0.1, steps - 1))
    limbs = tuple(Limb(xs[i], ys[i], xs[i + 1], ys[i + 1], widths[i]) for i in range(steps - 1))
    return Shape(limbs, blend=0.8, ruffle=ruffle, ruffle_scale=2.0)


def lobes(
    rng: np.random.Generator, count: int, *, ring: float, size: float, strand: float, ruffle: float = 0.16
) -> Shape:
    """Lobes in a row along an arc, each joined to the next by a strand.

    Args:
        rng: gives direction and unevenness.
        count: number of lobes.
        ring: radius of the arc, µm.
        size: radius of a lobe, µm.
        strand: half the thickness of the strands, µm.
        ruffle: see `Shape`.
    """
    start = rng.uniform(0, 2 * np.pi)
    sweep = {2: rng.uniform(2.0, 3.1), 3: rng.uniform(3.2, 4.2)}.get(count, rng.uniform(4.0, 4.8))
    angles = start + sweep * (np.linspace(0, 1, count) + rng.normal(0, 0.05, count))
    away = ring * np.exp(rng.normal(0, 0.12, count))
    xs, ys = away * np.cos(angles), away * np.sin(angles)
    limbs = []
    for i in range(count):
        tilt = angles[i] + np.pi / 2 + rng.normal(0, 0.5)
        long, radius = size * rng.uniform(0.1, 0.55), size * rng.uniform(0.78, 1.0)
        dx, dy = long * np.cos(tilt), long * np.sin(tilt)
        limbs.append(Limb(xs[i] - dx, ys[i] - dy, xs[i] + dx, ys[i] + dy, radius))
    limbs += [Limb(xs[i], ys[i], xs[i + 1], ys[i + 1], strand) for i in range(count - 1)]
    return Shape(tuple(limbs), blend=0.5, ruffle=ruffle, ruffle_scale=1.5)
