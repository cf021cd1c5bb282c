"""The moving average of a training's weights."""

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


def kept(decay: float, step: float) -> float:
    """The share of itself that an average keeps at a step, counted from 0.

    It rises as (1 + t) / (10 + t) up to ``decay``, so that short trainings are averaged too (Tensorflow's
    ExponentialMovingAverage with num_updates).

    >>> [round(kept(0.998, step), 3) for step in (0, 10, 10_000)]
    [0.1, 0.55, 0.998]
    """
    return min(decay, (1 + step) / (10 + step))


class MovingAverage(WeightAveraging):
    """Validates and keeps the moving average of weights and BatchNorm statistics.

    Args:
        decay: what it keeps of itself a step; see `kept`.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
            return averaged + (current - averaged) * (1 - kept(decay, float(steps)))

        super().__init__(avg_fn=average)
