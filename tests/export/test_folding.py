"""BatchNorms folded before the export: the same results, nothing changed, and left where it would be wrong."""

import copy

import pytest
import torch
from torch import Tensor, nn

from hemascope.export.folding import folded
from hemascope.models.network import Network, create_network


def learnt(name: str) -> Network:
    """A network whose BatchNorms are not those of the beginning."""
    torch.manual_seed(0)
    network = create_network(name, classes=3, input_size=64, pretrained=False)
    network(torch.rand(8, 3, 64, 64))
    return network.eval()


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "densenet121"])
def test_it_computes_the_same_by_fewer_layers_and_the_network_is_as_it_was(name: str) -> None:
    network = learnt(name)
    before = copy.deepcopy(network.state_dict())
    made = folded(network, network.blank())
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(made(images), network(images), rtol=1e-4, atol=1e-5)
    assert made.head[-1].weight is network.head[-1].weight  # no second copy in memory
    left, there = (sum(isinstance(layer, nn.BatchNorm2d) for layer in each.modules()) for each in (made, network))
    assert left < 0.6 * there
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_a_convolution_that_others_look_at_too_stays_as_it_is() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

        def forward(self, images: Tensor) -> Tensor:
            found = self.conv(images)
            return self.norm(found) + found

    network = Twice()
    network(torch.rand(4, 3, 8, 8))
    network.eval()
    assert folded(network, torch.zeros(1, 3, 8, 8)) is network
