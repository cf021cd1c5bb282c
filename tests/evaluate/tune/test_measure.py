import numpy as np
import pytest
import torch

from hemascope.evaluate.tune.measure import measure
from hemascope.train.fit import Part


class Says(torch.nn.Module):
    """Says class 0 for every image but the first ``ones``."""

    def __init__(self, ones):
        super().__init__()
        self.ones = torch.nn.Parameter(torch.tensor(float(ones)))

    def forward(self, images):
        first = torch.arange(len(images)) < self.ones
        return torch.stack([~first, first], 1).float()


def test_the_gain_is_paired_by_image():
    part = Part(np.zeros((40, 4, 4, 3), np.uint8), np.repeat([1, 0], 20))
    found = measure(Says(12), Says(18), part)
    assert found.images == 40
    assert found.own["accuracy"].value == pytest.approx(0.8)
    assert found.chosen["accuracy"].value == pytest.approx(0.95)
    assert found.gain["accuracy"].value == pytest.approx(0.15)
    # No image is lost by the second, so the paired gain is certain, which two separate intervals would not show.
    assert found.gain["accuracy"].low > 0
    assert found.own["accuracy"].high > found.chosen["accuracy"].low
