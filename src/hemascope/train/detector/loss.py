"""What the detector learns from: maps drawn of the boxes, and how far its own are from them."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import generalized_box_iou_loss

from hemascope.fields.detector import KINDS
from hemascope.train.detector.network import CELL, Maps

_SPREAD = 0.54 / 6  # standard deviation of a cell's peak as share of its box's side; Liu et al. 2020, TTFNet
_FAR = 2.4  # standard deviations at which a peak has fallen to 0.05
_SURE = 0.3  # height of a peak within which a cell is asked for, whatever lies over it
_BOXES = 2.0


class Boxes(NamedTuple):
    """The cells of a piece.

    Attributes:
        boxes: float (m, 4), xmin, ymin, xmax, ymax in working pixels.
        kinds: int (m,), numbers in `KINDS`; -1 - kind for one of which nothing is asked, as it is mostly cut away.
        annotated: for each kind whether boxes of the kind are given at all.
    """

    boxes: np.ndarray
    kinds: np.ndarray
    annotated: tuple[bool, ...]


class Targets(NamedTuple):
    """What the maps should be.

    Attributes:
        heat: float (n, kinds, h, w), 1 at the centres, falling off around them.
        asked: float (n, kinds, h, w), 0 where nothing is known.
        weight: float (n, kinds, h, w), how much the box of a place counts; those of a cell add up to 1.
        boxes: float (n, kinds, 4, h, w), the box that a place belongs to in working pixels.
    """

    heat: Tensor
    asked: Tensor
    weight: Tensor
    boxes: Tensor


def draw_targets(cells: Boxes, size: tuple[int, int]) -> Targets:
    """Maps for a piece of so many working pixels (height, width), each without the dimension n.

    >>> one = Boxes(np.array([[8.0, 8, 40, 40]]), np.array([1]), (True, True, False))
    >>> found = draw_targets(one, (64, 64))
    >>> found.heat[1].max().item(), found.asked.amax((1, 2)).tolist(), round(found.weight.sum().item(), 3)
    (1.0, [1.0, 1.0, 0.0], 1.0)
    """
    height, width = size[0] // CELL, size[1] // CELL
    shape = (len(KINDS), height, width)
    heat, weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    asked = np.broadcast_to(np.array(cells.annotated, np.float32)[:, None, None], shape).copy()
    boxes = np.zeros((len(KINDS), 4, height, width), np.float32)
    sides = cells.boxes[:, 2:] - cells.boxes[:, :2]
    for box, kind in zip(cells.boxes, cells.kinds, strict=True):
        if kind < 0:
            left, top, right, bottom = np.round(box / CELL).astype(int)
            asked[-1 - kind, max(top, 0) : bottom + 1, max(left, 0) : right + 1] = 0
    for row in np.argsort(-sides.prod(1), kind="stable"):  # small ones lie over large ones
        box, kind = cells.boxes[row], int(cells.kinds[row])
        if kind < 0:
            continue
        middle = np.clip((box[:2] + box[2:]) // (2 * CELL), 0, (width - 1, height - 1)).astype(int)
        spread = np.maximum(sides[row] / CELL * _SPREAD, 0.35)
        reach = (spread * _FAR).astype(int)
        start, end = np.maximum(middle - reach, 0), np.minimum(middle + reach + 1, (width, height))
        x, y = (np.exp(-((np.arange(start[i], end[i]) - middle[i]) ** 2) / (2 * spread[i] ** 2)) for i in (0, 1))
        peak = np.outer(y, x)
        here = (kind, slice(start[1], end[1]), slice(start[0], end[0]))
        heat[here] = np.maximum(heat[here], peak)
        asked[here] = np.maximum(asked[here], peak > _SURE) if cells.annotated[kind] else 0
        weight[here] = peak / peak.sum()
        boxes[(kind, slice(None), *here[1:])] = box[:, None, None]
    return Targets(*map(torch.from_numpy, (heat, asked, weight, boxes)))


def detection_loss(found: Maps, wanted: Targets) -> Tensor:
    """How far maps are from the wanted ones: penalty-reduced focal loss of the heat, generalised IoU of the boxes.

    Returns:
        float (), the sum of both a cell.
    """
    logits, heat = found.heat, wanted.heat
    there = heat == 1
    probability = logits.sigmoid()
    log_yes, log_no = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    focal = torch.where(there, (1 - probability) ** 2 * log_yes, (1 - heat) ** 4 * probability**2 * log_no)
    cells = (there * wanted.asked).sum().clamp(min=1)
    of_heat = -(focal * wanted.asked).sum() / cells
    weight = wanted.weight * wanted.asked
    mine = weight > 0
    if not mine.any():
        return of_heat
    centres = place_centres(heat.shape[2], heat.shape[3], heat.device)
    corners = corners_of(found.sides, centres).movedim(2, -1)[mine]
    off = generalized_box_iou_loss(corners, wanted.boxes.movedim(2, -1)[mine], reduction="none")
    return of_heat + _BOXES * (off * weight[mine]).sum() / weight[mine].sum()


def place_centres(height: int, width: int, device: torch.device) -> Tensor:
    """Centres of the places of a map in working pixels, float (2, height, width): x, y."""
    y = (torch.arange(height, device=device) + 0.5) * CELL
    x = (torch.arange(width, device=device) + 0.5) * CELL
    return torch.stack([x.expand(height, width), y.unsqueeze(1).expand(height, width)])


def corners_of(sides: Tensor, centres: Tensor) -> Tensor:
    """Boxes (n, kinds, 4, h, w), xmin, ymin, xmax, ymax in working pixels, of the distances to their sides."""
    return torch.cat([centres - sides[:, :, :2], centres + sides[:, :, 2:]], 2)
