"""Which BatchNorm follows which convolution of a network, and what it makes of the convolution's channels."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from hemascope.export.norms import Norm
from hemascope.models.network import Network


def network_norms(network: Network) -> dict[str, Norm]:
    """The channel statistics that each convolution has after its BatchNorm.

    Args:
        network: in evaluation mode, on the CPU.

    Returns:
        Norms by the name of the convolution's weight; empty for a network without BatchNorm.
    """
    made: dict[int, tuple[str, Tensor]] = {}  # the tensors are held so that no other takes the place of one
    norms: dict[str, Norm] = {}

    def after(name: str) -> Any:
        return lambda layer, given, result: made.update({id(result): (name, result)})

    def before(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        name, _ = made.get(id(given[0]), ("", None))
        if name:
            norms[f"{name}.weight"] = _norm(layer)

    handles = []
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            handles.append(layer.register_forward_hook(after(name)))
        elif isinstance(layer, _BatchNorm) and layer.affine and layer.running_var is not None:
            handles.append(layer.register_forward_pre_hook(before))
    size = network.description.input_size
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, size, size))
    finally:
        for handle in handles:
            handle.remove()
    return norms


def _norm(layer: Any) -> Norm:
    variance = layer.running_var.detach()
    std = layer.weight.detach().abs() * torch.sqrt(variance / (variance + layer.eps))
    return Norm(layer.bias.detach().float().numpy().copy(), std.float().numpy())
