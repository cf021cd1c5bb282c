"""BatchNorm whose statistics are those of a whole batch that several processes share."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from timm.layers import BatchNormAct2d
from torch import Tensor, nn
from torch.nn.modules._functions import SyncBatchNorm
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def synchronised(network: nn.Module) -> Iterator[None]:
    """While it lasts, the network's BatchNorm layers normalise by the batches of all processes together.

    Weights, statistics and their names stay; layers in evaluation mode do as always. Every process must run the same
    layers in the same order, each on one image at least.

    Args:
        network: changed in place, and given back as it was.
    """
    layers = [module for module in network.modules() if type(module) in _KINDS and module.affine]
    kinds: list[Any] = [type(layer) for layer in layers]
    for layer, kind in zip(layers, kinds, strict=True):
        layer.__class__ = _synced(kind)
    try:
        yield
    finally:
        for layer, kind in zip(layers, kinds, strict=True):
            layer.__class__ = kind


_KINDS: tuple[type[nn.Module], ...] = (nn.BatchNorm1d, nn.BatchNorm2d, BatchNormAct2d)


@cache
def _synced(kind: type[Any]) -> type[Any]:
    """The kind of layer, with statistics of all processes."""

    class Synced(kind):
        def forward(self, values: Tensor) -> Tensor:
            if not (self.training and self.track_running_stats):
                return super().forward(values)
            normalised = _normalised(self, values)
            return self.act(self.drop(normalised)) if isinstance(self, BatchNormAct2d) else normalised

    return Synced


def _normalised(layer: _BatchNorm, values: Tensor) -> Tensor:
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    momentum = 1.0 / float(layer.num_batches_tracked) if layer.momentum is None else layer.momentum
    # Torch's own is written for accelerators alone.
    function = SyncBatchNorm if values.is_cuda else _OnCPU
    found: Tensor = function.apply(
        values, layer.weight, layer.bias, layer.running_mean, layer.running_var, layer.eps, momentum,
        dist.group.WORLD, dist.get_world_size(),
    )  # fmt: skip
    return found


class _OnCPU(torch.autograd.Function):
    """What `torch.nn.modules._functions.SyncBatchNorm` does, with torch's kernels for the CPU and any back end."""

    @staticmethod
    def forward(
        ctx: Any, values: Tensor, weight: Tensor, bias: Tensor, running_mean: Tensor, running_var: Tensor,
        eps: float, momentum: float, group: Any, size: int,
    ) -> Tensor:  # fmt: skip
        """Normalise, and move the running statistics."""
        channels = values.shape[1]
        dims = [0, *range(2, values.ndim)]
        var, mean = torch.var_mean(values.float(), dims, correction=0)
        own = torch.cat([mean, var, mean.new_tensor([values.numel() // channels])]).double()
        parts = [torch.empty_like(own) for _ in range(size)]
        dist.all_gather(parts, own, group)
        means, variances, counts = torch.stack(parts).split([channels, channels, 1], dim=1)
        count = counts.sum()
        mean = (means * counts).sum(0) / count
        var = ((variances + (means - mean).square()) * counts).sum(0) / count
        running_mean.lerp_(mean.to(running_mean), momentum)
        running_var.lerp_((var * count / (count - 1)).to(running_var), momentum)
        mean, var = mean.float(), var.float()
        ctx.save_for_backward(values, weight, mean, var, count.float())
        ctx.eps, ctx.group, ctx.dims = eps, group, dims
        return F.batch_norm(values, mean, var, weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient by values, weight and bias; the two last by this process's images alone, as of any layer."""
        values, weight, mean, var, count = ctx.saved_tensors
        invstd = (var + ctx.eps).rsqrt()
        # By values as if the statistics were constant; what they owe to the values is taken off below.
        by_values, by_weight, by_bias = torch.ops.aten.native_batch_norm_backward(
            grads[0], values, weight, mean, var, None, None, False, ctx.eps, [True, True, True]
        )
        both = torch.cat([by_weight, by_bias]).float()
        dist.all_reduce(both, group=ctx.group)
        by_spread, by_mean = (both / count).chunk(2)
        scale = weight.float() * invstd
        slope = scale * invstd * by_spread
        shape = (1, -1, *[1] * (values.ndim - 2))
        offset = (scale * by_mean - slope * mean).view(shape)
        by_values = by_values - torch.addcmul(offset, values, slope.view(shape)).to(by_values.dtype)
        return by_values, by_weight, by_bias, *[None] * 6
