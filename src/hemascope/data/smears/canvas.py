"""The drawing surface: positions in µm, soft edges, and textures whose grain does not depend on the pixel size."""

from dataclasses import dataclass
from functools import lru_cache, reduce
from math import ceil

import numpy as np

from hemascope.data.smears.scene import FIELD
from hemascope.data.smears.shapes import Limb, Shape

# A cubic B-spline of independent unit normals has this standard deviation on average over the plane.
_SPLINE_DEVIATION = 0.4794
# Between these fractions of its radius the height of a disc falls from all to nothing.
_DISC_EDGE = (0.65, 1.35)


@dataclass(frozen=True)
class Canvas:
    """A square field of pixels, or a window into one.

    Attributes:
        x: positions of the columns, µm, float32 (1, w).
        y: positions of the rows, µm, float32 (h, 1).
        pixels: side of the whole field in pixels.
        rows, columns: where the window lies in the field.
    """

    x: np.ndarray
    y: np.ndarray
    pixels: int
    rows: slice
    columns: slice

    @classmethod
    def field(cls, pixels: int) -> "Canvas":
        """The whole field, `FIELD` µm wide, its origin in the centre."""
        at = ((np.arange(pixels, dtype=np.float32) + 0.5) / pixels - 0.5) * np.float32(FIELD)
        return cls(at[None, :], at[:, None], pixels, slice(0, pixels), slice(0, pixels))

    @property
    def pixel(self) -> float:
        """Side of a pixel, µm."""
        return FIELD / self.pixels

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the window."""
        return self.y.shape[0], self.x.shape[1]

    def window(self, x: float, y: float, reach: float) -> "Canvas":
        """The part of the field within ``reach`` µm of (x, y), with its origin there; empty where outside."""
        rows, columns = self._span(y, reach), self._span(x, reach)
        return Canvas(self.x[:, columns] - np.float32(x), self.y[rows] - np.float32(y), self.pixels, rows, columns)

    def _span(self, centre: float, reach: float) -> slice:
        first, last = ((centre + side * reach) / self.pixel + self.pixels / 2 for side in (-1, 1))
        return slice(min(max(int(first), 0), self.pixels), min(max(ceil(last), 0), self.pixels))

    def texture(self, rng: np.random.Generator, grain: float) -> np.ndarray:
        """Smooth random values, mean 0 and standard deviation 1, of features about ``grain`` µm wide (h, w)."""
        knots = ceil(FIELD / grain) + 3
        lattice = rng.standard_normal((knots, knots), dtype=np.float32)
        weights = _spline(self.pixels, knots, grain)
        return weights[self.rows] @ lattice @ weights[self.columns].T

    def depth(self, shape: Shape, rng: np.random.Generator) -> np.ndarray:
        """How deep inside ``shape`` each pixel lies: µm to its outline, negative outside; float32 (h, w)."""
        parts = (self._inside(limb) for limb in shape.limbs)
        depth = reduce(lambda one, other: _grow_together(one, other, shape.blend), parts)
        return depth + np.float32(shape.ruffle) * self.texture(rng, shape.ruffle_scale)

    def _inside(self, limb: Limb) -> np.ndarray:
        x: np.ndarray = self.x - np.float32(limb.x0)
        y: np.ndarray = self.y - np.float32(limb.y0)
        along = np.float32(limb.x1 - limb.x0), np.float32(limb.y1 - limb.y0)
        squared = along[0] * along[0] + along[1] * along[1]
        if squared > 0:
            nearest = np.clip(x * (along[0] / squared) + y * (along[1] / squared), 0, 1)
            x, y = x - nearest * along[0], y - nearest * along[1]
        return np.float32(limb.radius) - np.sqrt(x * x + y * y)

    def discs(self, discs: np.ndarray, heights: np.ndarray) -> np.ndarray:
        """Sum of soft round spots: ``discs`` rows of x, y, radius (n, 3), ``heights`` at their centres (n,)."""
        rows, columns = self.shape
        if not len(discs) or not rows * columns:
            return np.zeros(self.shape, np.float32)
        half = ceil(float(discs[:, 2].max()) * _DISC_EDGE[1] / self.pixel) + 1  # of a stamp, in pixels
        position = (discs[:, :2] - (self.x[0, 0], self.y[0, 0])) / self.pixel  # column, row
        nearest = np.floor(position + 0.5).astype(np.int64)
        seen = ((nearest > -half) & (nearest < np.array((columns, rows)) + half)).all(1)
        position, nearest, discs, heights = position[seen], nearest[seen], discs[seen], heights[seen]
        stamp = np.arange(-half, half + 1)
        away = ((nearest - position)[:, :, None] + stamp).astype(np.float32) * np.float32(self.pixel)  # (n, 2, k)
        distance = np.sqrt(away[:, 0, None, :] ** 2 + away[:, 1, :, None] ** 2)  # (n, k, k)
        relative = distance / discs[:, 2, None, None].astype(np.float32)
        spots = rise(_DISC_EDGE[1] - relative, _DISC_EDGE[1] - _DISC_EDGE[0])
        spots *= heights[:, None, None].astype(np.float32)
        # A margin of two stamps takes up what hangs over the window's border.
        wide = columns + 4 * half
        first = (nearest[:, 1] + 2 * half) * wide + nearest[:, 0] + 2 * half
        place = first[:, None, None] + stamp[:, None] * wide + stamp
        total = np.bincount(place.ravel(), spots.ravel(), (rows + 4 * half) * wide).reshape(-1, wide)
        return total[2 * half : 2 * half + rows, 2 * half : 2 * half + columns].astype(np.float32)


def rise(values: np.ndarray, width: float) -> np.ndarray:
    """A smooth step from 0 (at 0 and below) to 1 (at ``width`` and above).

    >>> rise(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]), 1.0).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    step = np.clip(values / width, 0, 1)
    return step * step * (3 - 2 * step)


def cover(depth: np.ndarray, softness: float = 0.3) -> np.ndarray:
    """Share of each pixel that a shape covers, 0 .. 1, from the depth in it; its edge is ``softness`` µm wide."""
    return rise(depth + softness / 2, softness)


def _grow_together(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    # The polynomial smooth maximum of Inigo Quilez ("smooth minimum", iquilezles.org).
    near = np.maximum(np.float32(blend) - np.abs(a - b), 0)
    return np.maximum(a, b) + near * near * np.float32(0.25 / blend)


@lru_cache(maxsize=64)
def _spline(pixels: int, knots: int, grain: float) -> np.ndarray:
    """Weights of the knots of a uniform cubic B-spline at each pixel, float32 (pixels, knots)."""
    at = (np.arange(pixels) + 0.5) * (FIELD / pixels) / grain + 1
    distance = np.abs(at[:, None] - np.arange(knots))
    near, far = 2 / 3 - distance**2 + distance**3 / 2, (2 - distance) ** 3 / 6
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return (weights / np.sqrt(_SPLINE_DEVIATION)).astype(np.float32)
