"""Both trainings average alike: the classifiers' by Lightning, the detector's by itself."""

import copy

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from hemascope.train.averaging import MovingAverage, kept
from hemascope.train.detector.fit import _average


def test_the_detectors_average_is_that_of_the_classifiers() -> None:
    torch.manual_seed(0)
    network = nn.Linear(3, 2)
    of_classifiers = AveragedModel(network, avg_fn=MovingAverage(0.9)._kwargs["avg_fn"])
    of_classifiers.update_parameters(network)  # the first step's is a copy
    of_detector = copy.deepcopy(network)
    for step in range(1, 100):
        with torch.no_grad():
            network.weight.add_(torch.randn(2, 3))
        of_classifiers.update_parameters(network)
        _average(of_detector, network, kept(0.9, step))
    torch.testing.assert_close(of_detector.weight, of_classifiers.module.weight)


@pytest.mark.parametrize(("step", "share"), [(0, 0.1), (8, 0.5), (80, 0.9), (81, 0.9)])
def test_the_share_that_is_kept_rises_to_the_decay(step: int, share: float) -> None:
    assert kept(0.9, step) == share
