import numpy as np
import pytest
import torch

from hemascope.cells import BLOOD_CLASSES
from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.tta_measure import measure_tta
from tests.evaluate.conftest import predictions_for


class FirstPixel(torch.nn.Module):
    """Eight logits, the highest at the class that the top left pixel names."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return -10 * (torch.arange(8) - 25.5 * images[:, 0, 0, :1]) ** 2


def test_network_model_frames_what_has_another_size():
    model = NetworkModel(FirstPixel(), BLOOD_CLASSES, 16)
    images = np.repeat(np.arange(8, dtype=np.uint8) * 10, 24 * 30 * 3).reshape(8, 24, 30, 3)
    assert model.probabilities(images).argmax(axis=1).tolist() == list(range(8))
    np.testing.assert_allclose(model.probabilities(images).sum(axis=1), 1)
    assert model.classes == BLOOD_CLASSES


def test_gain_is_that_of_the_test_part():
    predictions = predictions_for(40, margin=30.0, splits=("val", "test"))
    images = np.zeros((40, 16, 16, 3), np.uint8)
    images[:, :8, :8] = 10 * predictions.targets[:, None, None, None]  # a quarter of the views see the class
    images[:, 8:, 8:] = images[:, :8, :8]
    result = measure_tta(FirstPixel(), predictions, images, 16, 8)
    assert (result.split, result.images, result.steps, result.applied) == ("test", 20, 8, False)
    assert result.plain["accuracy"].value == 1
    assert result.gain["accuracy"].value == pytest.approx(result.averaged["accuracy"].value - 1)
    assert result.plain_ms > 0
