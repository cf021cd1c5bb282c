"""How much of the heat lies on the cell, on smears whose masks are known, before and after a change of colours."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hemascope.data.smears import Smear, draw
from hemascope.evaluate.bootstrap import Score, interval, resampled
from hemascope.explain.explainer import Explainer
from hemascope.explain.pointing import heat_share, sharpest

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


def measure_focus(explainer: Explainer, images: int, *, seed: int = 0, recolour: Recolour | None = None) -> Focus:
    """Explain the predicted class of synthetic smears.

    Args:
        explainer: of any classes; its answer is explained, right or wrong.
        images: how many, the eight classes in turn; 8 or more.
        seed: of the smears.
        recolour: what to do to the colours for the second half of the answer.
    """
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
