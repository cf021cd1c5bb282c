"""Depthwise convolutions that train fast on a CPU.

PyTorch's CPU kernels are quick at depthwise convolution forwards and slow in two cases backwards: the gradient
of the input when the stride is above 1, and in bfloat16 the gradient of 5x5 and larger weights. The same
gradients, computed by the quick kernels, make a training step of EfficientNet-Lite0 about twice as fast
(benchmarks/train_step.py). On other devices and outside training the layer is torch's own.
"""

from typing import Any

import torch
import torch.nn.functional as F
from timm.layers import Conv2dSame, pad_same
from torch import Tensor, nn


class DepthwiseConv2d(nn.Conv2d):
    """A depthwise `torch.nn.Conv2d`, or timm's `Conv2dSame`, with the same weights, names and results."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,  # type: ignore[arg-type]
            stride=conv.stride,  # type: ignore[arg-type]
            padding=conv.padding,  # type: ignore[arg-type]
            groups=conv.groups,
            bias=conv.bias is not None,
            device="meta",  # its own weights are never used
        )
        self.same = isinstance(conv, Conv2dSame)
        self.weight, self.bias = conv.weight, conv.bias

    def forward(self, images: Tensor) -> Tensor:
        """Convolve float (n, c, h, w) to float (n, c, h', w')."""
        if self.same:
            images = pad_same(images, self.kernel_size, self.stride)
        padding = (0, 0) if self.same else self.padding
        if not (self.training and images.device.type == "cpu" and torch.is_grad_enabled()):
            return F.conv2d(images, self.weight, self.bias, self.stride, padding, groups=self.groups)
        weight = self.weight
        if torch.is_autocast_enabled("cpu"):  # autocast does not look into functions of our own
            dtype = torch.get_autocast_dtype("cpu")
            images, weight = images.to(dtype), weight.to(dtype)
        result = _Depthwise.apply(images, weight, self.stride[0], padding[0])
        return result if self.bias is None else result + self.bias.view(1, -1, 1, 1)


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(images, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(images, weight, None, stride, padding, groups=weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        images, weight = ctx.saved_tensors
        (grad,) = grads
        to_images = _image_gradient(grad, images, weight, ctx.stride, ctx.padding) if ctx.needs_input_grad[0] else None
        to_weight = _weight_gradient(grad, images, weight, ctx.stride, ctx.padding) if ctx.needs_input_grad[1] else None
        return to_images, to_weight, None, None


def _image_gradient(grad: Tensor, images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    # The gradient at stride 1 is a convolution with the turned kernel; a larger stride spreads zeros in between.
    kernel = weight.shape[-1]
    if stride > 1:
        n, c = grad.shape[:2]
        h, w = (side + 2 * padding - kernel + 1 for side in images.shape[2:])
        spread = torch.zeros((n, c, h, w), dtype=grad.dtype).contiguous(memory_format=torch.channels_last)
        spread[:, :, ::stride, ::stride] = grad
        grad = spread
    return F.conv2d(grad, weight.flip(2, 3), padding=kernel - 1 - padding, groups=weight.shape[0])


def _weight_gradient(grad: Tensor, images: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    dtype = weight.dtype
    if weight.shape[-1] >= 5:
        grad, images, weight = grad.float(), images.float(), weight.float()
    _, result, _ = torch.ops.aten.convolution_backward(
        grad, images, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], weight.shape[0],
        [False, True, False],
    )  # fmt: skip
    return result.to(dtype)


def use_fast_depthwise(network: nn.Module) -> None:
    """Replace every square, undilated depthwise convolution inside ``network``; weights and state-dict names stay."""
    for name, child in network.named_children():
        if isinstance(child, nn.Conv2d) and _replaceable(child):
            setattr(network, name, DepthwiseConv2d(child).train(child.training))
        else:
            use_fast_depthwise(child)


def _replaceable(conv: nn.Conv2d) -> bool:
    depthwise = conv.groups == conv.in_channels == conv.out_channels > 1
    square = len(set(conv.kernel_size)) == len(set(conv.stride)) == 1 and conv.dilation == (1, 1)
    plain = type(conv) in (nn.Conv2d, Conv2dSame) and not isinstance(conv.padding, str)
    return depthwise and square and plain and conv.padding_mode == "zeros" and len(set(conv.padding)) == 1
