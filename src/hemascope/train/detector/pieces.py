"""Pieces of fields at random scales, turned and mirrored, with the boxes that lie in them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hemascope.data.annotations.fields import LabelledField
from hemascope.data.decode import decode
from hemascope.fields.detector import KINDS
from hemascope.train.detector.loss import Boxes, Targets, draw_targets
from hemascope.train.detector.recipe import DetectorRecipe

WHITE, RED, _ = range(len(KINDS))
_WHITE_IN_RED = 2.0
"""Red cells that a white one is across, where no red one is boxed."""

_SEEN = 0.4
"""Of a cell's box, the least share that must lie in a piece for the cell to be asked for."""

_MOST_BYTES = 2 << 30  # of decoded fields that stay in memory


def red_widths(fields: Sequence[LabelledField]) -> np.ndarray:
    """How many pixels a red cell is across in each field, float (n,): the median of its own boxes, or of its source's.

    >>> box = np.array([[0, 0, 40, 44.0]], np.float32)
    >>> red_widths([LabelledField("a", Path("a"), box, np.array([1]), (True, True, True))]).tolist()
    [42.0]
    """
    found = np.full(len(fields), np.nan)
    for number, field in enumerate(fields):
        found[number] = _median(field, RED, 5)
    for source in {field.source for field in fields}:
        here = [number for number, field in enumerate(fields) if field.source == source]
        known = found[here][~np.isnan(found[here])]
        if not len(known):
            own = [[_median(fields[i], RED, 1), _median(fields[i], WHITE, 1) / _WHITE_IN_RED] for i in here]
            for column in np.array(own).T:
                known = column[~np.isnan(column)]
                if len(known):
                    break
        if len(known):
            found[here] = np.where(np.isnan(found[here]), np.median(known), found[here])
    return found


def _median(field: LabelledField, kind: int, least: int) -> float:
    sides = (field.boxes[:, 2:] - field.boxes[:, :2])[field.kinds == kind].mean(1)
    return float(np.median(sides)) if len(sides) >= least else float("nan")


class _Pictures:
    """Decoded fields; those that are read first stay in memory, as far as `_MOST_BYTES` go."""

    def __init__(self) -> None:
        self._kept: dict[Path, Image.Image] = {}
        self._bytes = 0

    def __getitem__(self, path: Path) -> Image.Image:
        if path in self._kept:
            return self._kept[path]
        picture = Image.fromarray(decode(path))
        size = 3 * picture.width * picture.height
        if self._bytes + size <= _MOST_BYTES:
            self._kept[path] = picture
            self._bytes += size
        return picture


class Pieces:
    """Draws pieces of fields.

    Args:
        fields: what to draw of.
        recipe: their size and scales.
    """

    def __init__(self, fields: Sequence[LabelledField], recipe: DetectorRecipe) -> None:
        self.fields, self.recipe = fields, recipe
        self.widths = red_widths(fields)
        self._pictures = _Pictures()
        self._of_source = {
            source: [number for number, field in enumerate(fields) if field.source == source]
            for source in {field.source for field in fields}
        }

    def draw(self, number: int, random: np.random.Generator) -> tuple[Tensor, Targets]:
        """A piece of a field, uint8 (3, size, size), and what is to be found there.

        Where the field is smaller than the piece, others of its source and size lie around it.
        """
        field, size = self.fields[number], self.recipe.size
        low, high = np.log(self.recipe.red_widths)
        scale = np.exp(random.uniform(low, high)) / self.widths[number]
        stretch = np.exp(random.uniform(-1, 1) * np.log(self.recipe.stretch) / 2)
        factors = scale * np.array([stretch, 1 / stretch])
        whole = np.array(self._pictures[field.path].size)
        side = size / factors
        first = self._corner(field, whole, side, random)
        piece = np.zeros((size, size, 3), np.uint8)
        boxes, kinds = [], []
        for slot in np.ndindex(*(np.ceil((first + side) / whole) - np.floor(first / whole)).astype(int)):
            at = np.floor(first / whole).astype(int) + slot
            shown = field if not at.any() else self._neighbour(field, random)
            image = self._pictures[shown.path]
            if image.size != tuple(whole):
                continue
            corner = first - at * whole
            _lay(piece, image, corner, factors)
            visible = np.stack([np.maximum(corner, 0), np.minimum(corner + side, whole)])
            inside, kind = _inside(shown, visible)
            boxes.append((inside - np.tile(corner, 2)) * np.tile(factors, 2))
            kinds.append(kind)
        piece, turned = _turned(piece, np.concatenate(boxes), size, random)
        targets = draw_targets(Boxes(turned, np.concatenate(kinds), field.annotated), (size, size))
        return torch.from_numpy(piece.transpose(2, 0, 1).copy()), targets

    def _neighbour(self, field: LabelledField, random: np.random.Generator) -> LabelledField:
        return self.fields[random.choice(self._of_source[field.source])]

    def _corner(
        self, field: LabelledField, whole: np.ndarray, side: np.ndarray, random: np.random.Generator
    ) -> np.ndarray:
        """Left and top of a piece: half of them around a cell of a kind drawn first, as white ones are few."""
        present = np.unique(field.kinds)
        if len(present) and random.random() < 0.6:
            cell = random.choice(np.flatnonzero(field.kinds == random.choice(present)))
            middle = (field.boxes[cell, :2] + field.boxes[cell, 2:]) / 2
            corner = middle - side * random.uniform(0.1, 0.9, 2)
        else:
            corner = random.uniform(0, 1, 2) * (whole - side)
        spare = whole - side
        return np.clip(corner, np.minimum(spare, 0), np.maximum(spare, 0))


def _lay(piece: np.ndarray, image: Image.Image, corner: np.ndarray, factors: np.ndarray) -> None:
    """Put the part of a field that begins at ``corner``, which may lie outside it, into a piece."""
    size = len(piece)
    start, end = np.maximum(corner, 0), np.minimum(corner + size / factors, image.size)
    at, to = (np.round((edge - corner) * factors).astype(int).clip(0, size) for edge in (start, end))
    if (to > at).all():
        part = image.resize(tuple((to - at).tolist()), Image.Resampling.BILINEAR, box=(*start.tolist(), *end.tolist()))
        piece[at[1] : to[1], at[0] : to[0]] = np.asarray(part)


def _turned(
    piece: np.ndarray, boxes: np.ndarray, size: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mirrored and turned by right angles, so that boxes stay boxes."""
    if random.random() < 0.5:
        piece, boxes = piece[:, ::-1], np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], 1)
    for _ in range(random.integers(4)):  # a quarter to the left
        piece = np.rot90(piece)
        boxes = np.stack([boxes[:, 1], size - boxes[:, 2], boxes[:, 3], size - boxes[:, 0]], 1)
    return piece, boxes


def _inside(field: LabelledField, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The boxes as far as they lie in the visible part (2, 2); of cells that mostly do not, nothing is asked."""
    clipped = np.concatenate(
        [np.maximum(field.boxes[:, :2], visible[0]), np.minimum(field.boxes[:, 2:], visible[1])], 1
    )
    sides = (clipped[:, 2:] - clipped[:, :2]).clip(0)
    share = sides.prod(1) / (field.boxes[:, 2:] - field.boxes[:, :2]).prod(1).clip(1e-6)
    kept = (sides > 1).all(1)
    return clipped[kept], np.where((share >= _SEEN) | (field.kinds < 0), field.kinds, -1 - field.kinds)[kept]
