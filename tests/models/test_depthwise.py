import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from timm.layers import Conv2dSame
from torch import nn

from hemascope.models.depthwise import DepthwiseConv2d, use_fast_depthwise
from hemascope.models.network import create_network


def gradients(layer: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    images = images.clone().requires_grad_()
    result = layer(images)
    result.backward(torch.linspace(-1, 1, result.numel(), dtype=result.dtype).view_as(result))
    assert images.grad is not None
    return result.detach(), images.grad, *(p.grad for p in layer.parameters() if p.grad is not None)


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from([nn.Conv2d, Conv2dSame]),
    kernel=st.sampled_from([1, 3, 5, 7]),
    stride=st.integers(1, 3),
    height=st.integers(7, 17),
    width=st.integers(7, 17),
    bias=st.booleans(),
)
def test_same_result_and_gradients_as_torch(
    kind: type[nn.Conv2d], kernel: int, stride: int, height: int, width: int, bias: bool
) -> None:
    torch.manual_seed(kernel * 100 + stride)
    padding = 0 if kind is Conv2dSame else kernel // 2
    native = kind(4, 4, kernel, stride=stride, padding=padding, groups=4, bias=bias)
    fast = DepthwiseConv2d(copy.deepcopy(native)).train()
    images = torch.randn(2, 4, height, width)
    for ours, theirs in zip(gradients(fast, images), gradients(native, images), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_bfloat16_gradients_are_as_close_to_the_truth_as_torchs_own() -> None:
    torch.manual_seed(0)
    native = nn.Conv2d(16, 16, 5, stride=2, padding=2, groups=16, bias=False)
    fast = DepthwiseConv2d(copy.deepcopy(native)).train()
    images = torch.randn(8, 16, 20, 20)
    truth = gradients(copy.deepcopy(native), images)
    with torch.autocast("cpu", torch.bfloat16):
        ours, theirs = gradients(fast, images), gradients(native, images)
    for true, our, their in zip(truth, ours, theirs, strict=True):
        assert (our.float() - true).norm() <= 1.2 * (their.float() - true).norm() + 1e-3 * true.norm()


def test_every_depthwise_layer_of_a_network_is_replaced_and_names_stay() -> None:
    network = create_network("tf_efficientnet_lite0", classes=3, input_size=64, pretrained=False)
    before = list(network.state_dict())
    images = torch.rand(2, 3, 64, 64)
    expected = network.eval()(images)
    use_fast_depthwise(network)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert len(layers) == 16
    assert all(isinstance(layer, DepthwiseConv2d) for layer in layers)
    assert list(network.state_dict()) == before
    torch.testing.assert_close(network(images), expected)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(4, 8, 3, groups=4),
        nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, (1, 3), groups=4),
        nn.Conv2d(4, 4, 3, groups=4, dilation=2),
        nn.Conv2d(4, 4, 3, groups=4, padding="same"),
        nn.Conv2d(4, 4, 3, groups=4, padding_mode="reflect"),
    ],
)
def test_other_convolutions_are_left_alone(conv: nn.Conv2d) -> None:
    network = nn.Sequential(conv)
    use_fast_depthwise(network)
    assert network[0] is conv
