"""Contact sheets of what a policy does."""

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from hemascope.augment.batch import augment
from hemascope.augment.policy import FULL, Policy

_GAP, _LETTERS = 4, 13
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


def policy_sheet(images: np.ndarray, policy: Policy, copies: int = 8, seed: int = 0) -> np.ndarray:
    """A row an image: the original, then augmented copies.

    Args:
        images: uint8 (n, side, side, 3).
        policy: what happens to the copies.
        copies: of each image.
        seed: the same one draws the same sheet.

    Returns:
        uint8 (height, width, 3).

    >>> policy_sheet(np.zeros((2, 32, 32, 3), np.uint8), Policy(), copies=3).shape
    (76, 148, 3)
    """
    return _laid_out([[image, *augmented] for image, augmented in _rows(images, policy, copies, seed)], [])


def operations_sheet(images: np.ndarray, copies: int = 8, seed: int = 0) -> np.ndarray:
    """A row an operation, named, at its full strength: an original, then augmented copies of it.

    Arguments and result as of :func:`policy_sheet`; the originals take turns.
    """
    rows = []
    for number, (name, strength) in enumerate(FULL.items()):
        image = images[number % len(images)][None]
        rows += _rows(image, Policy.model_validate({name: strength}), copies, seed + number)
    return _laid_out([[image, *augmented] for image, augmented in rows], [name.replace("_", " ") for name in FULL])


def _rows(images: np.ndarray, policy: Policy, copies: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    generator = torch.Generator().manual_seed(seed)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).repeat_interleave(copies, dim=0)
    changed = (255 * augment(batch, policy, generator)).round().to(torch.uint8).permute(0, 2, 3, 1)
    return list(zip(images, changed.numpy().reshape(len(images), copies, *images.shape[1:]), strict=True))


def _laid_out(rows: list[list[np.ndarray]], names: list[str]) -> np.ndarray:
    font = ImageFont.load_default(_LETTERS)
    side = rows[0][0].shape[0]
    left = _GAP + (int(max(font.getlength(name) for name in names)) + 2 * _GAP if names else 0)
    paper = Image.new("RGB", (left + len(rows[0]) * (side + _GAP), _GAP + len(rows) * (side + _GAP)), _PAPER)
    pen = ImageDraw.Draw(paper)
    for row, pictures in enumerate(rows):
        top = _GAP + row * (side + _GAP)
        if names:
            pen.text((_GAP, top + side // 2), names[row], fill=_INK, font=font, anchor="lm")
        for column, picture in enumerate(pictures):
            paper.paste(Image.fromarray(picture), (left + column * (side + _GAP), top))
    return np.asarray(paper)
