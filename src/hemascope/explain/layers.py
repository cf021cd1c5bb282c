"""Which layer's maps Grad-CAM reads: the last ones that still say where something is."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hemascope.errors import ModelFileError
from hemascope.models.network import Network

LEAST = 3
"""Maps of fewer positions a side cannot tell the middle from the rim."""


class Layer(NamedTuple):
    """A layer whose output is a stack of maps.

    Attributes:
        name: as ``backbone.named_modules()`` has it.
        module: the layer itself.
        side: positions along each side of its maps, for the network's input size.
    """

    name: str
    module: nn.Module
    side: int


def target_layer(network: Network, name: str | None = None, least: int = LEAST) -> Layer:
    """The layer that Grad-CAM explains a network by.

    By default the maps of the last convolution of at least ``least`` x ``least`` positions, taken where the stage that
    it belongs to ends: after normalisation, activation and shortcut, before any pooling. For VGG that is its last
    ReLU, for ResNet ``layer4``, for DenseNet ``norm5``, for EfficientNet what follows ``conv_head``, for ConvNeXt the
    last stage, whose output is (n, c, h, w) whatever its blocks use inside. Small images leave the last stage too few
    positions; then it is the stage before.

    Args:
        network: one backbone; an ensemble's members are asked one by one. Left in evaluation mode.
        name: another layer, as ``network.backbone.named_modules()`` has it.
        least: smallest number of positions a side; the largest maps there are where none has so many.

    Raises:
        ModelFileError: no layer of that name, one whose output is no square map, or a network without such maps, as
            transformers are.

    >>> from hemascope.models.network import create_network
    >>> target_layer(create_network("resnet18", classes=8, input_size=96, pretrained=False)).name
    'layer4'
    """
    calls, end = _calls(network)
    kind = network.description.network
    if name is not None:
        found = [layer for layer in calls if layer.name == name]
        if len(found) != 1 or found[0].side < 2:
            usable = [layer.name for layer in calls if layer.side >= 2 and layer.name.count(".") <= 1]
            raise ModelFileError(
                f"{kind} has no layer {name!r} that runs once and gives square maps",
                f"Some that do: {', '.join(usable[-8:])}.",
            )
        return found[0]
    sides = [layer.side for layer in calls if isinstance(layer.module, nn.Conv2d) and layer.side > 1]
    if not sides or (hasattr(network.backbone, "forward_features") and not end):
        raise ModelFileError(
            f"{kind} gives no maps of the image, which Grad-CAM needs",
            "Explain the Run's model.onnx instead: by occlusion, which any network can be.",
        )
    enough = [side for side in sides if side >= least]
    side = enough[-1] if enough else max(sides)
    return [layer for layer in _whole(calls) if layer.side == side][-1]


def _calls(network: Network) -> tuple[list[Layer], int]:
    """Layers in the order in which they end, those called once alone, and the side of the backbone's last output.

    The side is 0 where an output is no square map.
    """
    calls: list[Layer] = []
    hooks = [
        module.register_forward_hook(
            lambda module, _, output, name=name: calls.append(Layer(name, module, _side(output)))
        )
        for name, module in network.backbone.named_modules()
        if name
    ]
    try:
        end = _side(_features(network))
    finally:
        for hook in hooks:
            hook.remove()
    times = Counter(layer.name for layer in calls)
    return [layer for layer in calls if times[layer.name] == 1], end


def _whole(calls: list[Layer]) -> list[Layer]:
    """Those of them whose maps are all that goes on: not half of a block whose shortcut has the other."""
    blocks = {layer.name: layer for layer in calls if not isinstance(layer.module, nn.Sequential)}

    def within(layer: Layer) -> Iterator[Layer]:
        parts = layer.name.split(".")
        names = (".".join(parts[:i]) for i in range(1, len(parts)))
        return (blocks[name] for name in names if name in blocks)

    return [layer for layer in calls if all(block.side == layer.side for block in within(layer))]


def _features(network: Network) -> Tensor:
    """The backbone up to its pooling, where it says how far that is, of a black image."""
    network.eval()
    first = next(network.parameters())
    size = network.description.input_size
    forward = getattr(network.backbone, "forward_features", network.backbone)
    with torch.no_grad():
        return forward(network.prepared(torch.zeros(1, 3, size, size, device=first.device)))


def _side(output: object) -> int:
    """The side of square maps (n, c, s, s); 0 for all else, maps (n, s, s, c) among it."""
    if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] == output.shape[3]:
        return int(output.shape[2])
    return 0
