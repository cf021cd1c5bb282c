"""Heat maps measured: how much of the heat lies on the cell, and how alike two kinds of maps are.

The first on smears whose masks are known, before and after a change of colours.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.stats import rankdata

from hemascope.data.smears import Smear, draw
from hemascope.evaluate.bootstrap import Score, interval, resampled
from hemascope.explain.explainer import Explainer
from hemascope.progress import SILENT, Progress


def heat_share(heat: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each map's heat inside a mask (energy-based pointing game, Wang et al. 2020, "Score-CAM").

    Heat that is spread evenly has the share of the area that the mask covers: compare with that.

    Args:
        heat: float (n, h, w), never negative.
        masks: bool (n, h, w), True on the cell.

    Returns:
        float64 (n,), 0 .. 1; NaN for a map without heat.

    >>> heat_share(np.array([[[1.0, 3.0]], [[0.0, 0.0]]]), np.array([[[False, True]]] * 2)).tolist()
    [0.75, nan]
    """
    total = heat.sum((1, 2), dtype=np.float64)
    inside = (heat * masks).sum((1, 2), dtype=np.float64)
    return np.divide(inside, total, out=np.full(len(heat), np.nan), where=total > 0)


def sharpest(masks: np.ndarray, side: int) -> np.ndarray:
    """What a map of ``side`` x ``side`` positions that follows the cell as well as it can looks like at full size.

    Its share of heat inside the mask is below 1, because coarse maps are smoothed when they are resized.

    Args:
        masks: bool (n, h, w).
        side: positions along each side of the map.

    Returns:
        float32 (n, h, w) in [0, 1].
    """
    return np.stack([_through(mask, side) for mask in masks])


def _through(mask: np.ndarray, side: int) -> np.ndarray:
    image = Image.fromarray(mask.astype(np.float32))
    coarse = image.resize((side, side), Image.Resampling.BOX)
    return np.asarray(coarse.resize(image.size, Image.Resampling.BILINEAR))


Recolour = Callable[[np.ndarray], np.ndarray]
"""Images uint8 (n, h, w, 3) to the same with other colours: nothing moves, so masks hold."""


@dataclass(frozen=True)
class Focus:
    """Of n synthetic smears, how much of the heat for the predicted class lies inside the cell's mask.

    Attributes:
        labels: the true class of each, (n,).
        area: share of the image that the mask covers, which is the share of a heat without any aim, float (n,).
        sharpest: the share of a map of this resolution that follows the mask, float (n,).
        plain: the share, NaN where no heat is left, float (n,).
        right: whether the class is right, bool (n,).
        recoloured: the share on the recoloured image; None where that was not asked for.
        recoloured_right: whether the class is right there; None likewise.
    """

    labels: np.ndarray
    area: np.ndarray
    sharpest: np.ndarray
    plain: np.ndarray
    right: np.ndarray
    recoloured: np.ndarray | None = None
    recoloured_right: np.ndarray | None = None

    @property
    def change(self) -> np.ndarray | None:
        """Share on the recoloured image less that on the plain one, float (n,); None where there is none."""
        return None if self.recoloured is None else self.recoloured - self.plain

    def of(self, label: str) -> "Focus":
        """Only the smears of one class."""
        chosen = self.labels == label
        values = {key: value[chosen] for key, value in vars(self).items() if value is not None}
        return replace(self, **values)


def measure_focus(
    explainer: Explainer,
    images: int,
    *,
    seed: int = 0,
    recolour: Recolour | None = None,
    progress: Progress = SILENT,
) -> Focus:
    """Explain the predicted class of synthetic smears.

    Args:
        explainer: of any classes; its answer is explained, right or wrong.
        images: how many, the eight classes in turn; 8 or more.
        seed: of the smears.
        recolour: what to do to the colours for the second half of the answer.
        progress: told that the step began.
    """
    progress.step("explaining synthetic smears")
    smears = [draw(seed, index, explainer.size) for index in range(images)]
    pictures = np.stack([smear.image for smear in smears])
    masks = np.stack([smear.mask for smear in smears])
    plain, right = _shares(explainer, pictures, masks, smears)
    focus = Focus(
        labels=np.array([smear.label for smear in smears]),
        area=masks.mean((1, 2)),
        sharpest=heat_share(sharpest(masks, explainer.side), masks),
        plain=plain,
        right=right,
    )
    if recolour is None:
        return focus
    changed, still_right = _shares(explainer, recolour(pictures), masks, smears)
    return replace(focus, recoloured=changed, recoloured_right=still_right)


def mean_score(values: np.ndarray) -> Score:
    """Mean of values float (n,) with its 95% bootstrap interval; NaN ones left out.

    >>> mean_score(np.array([0.5, 0.5, np.nan])).value
    0.5
    """
    kept = np.asarray(values, np.float64)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return Score(np.nan, np.nan, np.nan)
    drawn = resampled(len(kept), lambda draws: {"mean": draws @ kept / len(kept)})
    return interval(float(kept.mean()), drawn["mean"])


def _shares(
    explainer: Explainer, pictures: np.ndarray, masks: np.ndarray, smears: list[Smear]
) -> tuple[np.ndarray, np.ndarray]:
    said = explainer.probabilities(pictures).argmax(1)
    right = np.array([explainer.classes[number] == smear.label for number, smear in zip(said, smears, strict=True)])
    return heat_share(explainer.heat(pictures, said), masks), right


HOTTEST = 0.2
"""Share of an image's area that `Agreement.overlap` compares."""


class Agreement(NamedTuple):
    """Of two heat maps of each of n images; NaN where one of them is the same everywhere.

    Attributes:
        rank: Spearman's rank correlation over the pixels, float64 (n,), -1 .. 1.
        overlap: intersection over union of the hottest fifths of the area, float64 (n,), 0 .. 1; by chance it is
            0.11, for maps that agree 1.
    """

    rank: np.ndarray
    overlap: np.ndarray


def agreement(one: np.ndarray, other: np.ndarray) -> Agreement:
    """Compare heat maps float (n, h, w) pairwise.

    >>> maps = np.arange(32.0).reshape(2, 4, 4)
    >>> agreement(maps, maps).rank.tolist()
    [1.0, 1.0]
    """
    pairs = [(a.ravel(), b.ravel()) for a, b in zip(one, other, strict=True)]
    return Agreement(np.array([_rank(a, b) for a, b in pairs]), np.array([_overlap(a, b) for a, b in pairs]))


def _rank(a: np.ndarray, b: np.ndarray) -> float:
    if not (np.ptp(a) and np.ptp(b)):
        return np.nan
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    if not (np.ptp(a) and np.ptp(b)):
        return np.nan
    # Above the lowest value too: a map that is 0 nearly everywhere has no more hot area than it has heat.
    hot = [(values >= np.quantile(values, 1 - HOTTEST)) & (values > values.min()) for values in (a, b)]
    return float((hot[0] & hot[1]).sum() / (hot[0] | hot[1]).sum())
