"""Exponential moving average of the weights."""

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class MovingAverage(WeightAveraging):
    """Validates and keeps the moving average of weights and BatchNorm statistics.

    The decay rises as (1 + t) / (10 + t) with the number of steps t up to ``decay``, so that short trainings are
    averaged too (Tensorflow's ExponentialMovingAverage with num_updates).
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, steps: Tensor | int) -> Tensor:
            t = float(steps)
            return averaged + (current - averaged) * (1 - min(decay, (1 + t) / (10 + t)))

        super().__init__(avg_fn=average)
