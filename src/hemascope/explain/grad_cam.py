"""Grad-CAM: which part of an image speaks for a class, by the gradient at a network's last maps."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam  # type: ignore[import-untyped]
from torch import Tensor, nn

from hemascope.errors import ModelFileError
from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.summary import read_metrics
from hemascope.models.boosted import Boosted
from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network
from hemascope.train.device import on_device
from hemascope.train.kinds import open_network
from hemascope.train.run import Run

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


class Member(NamedTuple):
    """A network and the weight of its voice, > 0."""

    network: Network
    weight: float


def members_of(network: Network) -> list[Member]:
    """The parts of an ensemble: of one weight each in an average, with their alphas in a boosted one; else none.

    Learners that share one backbone are one network.
    """
    if not isinstance(network, Averaged):
        return []
    head: Any = network.head  # nn.Module's type tells nothing of the vote
    weights = head.vote.alphas.tolist() if isinstance(network, Boosted) else [1.0] * len(network.members)
    return [Member(member, weight) for member, weight in zip(network.members, weights, strict=True)]


def shares(members: list[Member], images: Tensor, classes: Tensor) -> Tensor:
    """What each member gives to the ensemble's answer: float32 (members, n), every column sums to 1.

    The share of member t in the weighted sum of the members' probabilities of the class, w_t p_t(c) / sum. It is also
    the factor of that member's gradient in the gradient of the logarithm of this sum.

    Args:
        members: at least one.
        images: float (n, 3, size, size) in [0, 1].
        classes: the class of each image, int64 (n,).
    """
    with torch.no_grad():
        logits = [member.network(fitted(member.network, images)) for member in members]
    said = torch.stack([each.float().log_softmax(1).gather(1, classes[:, None])[:, 0] for each in logits])
    weights = torch.tensor([member.weight for member in members], device=images.device)
    return torch.softmax(said + weights.log()[:, None], 0)


def fitted(network: Network, images: Tensor) -> Tensor:
    """The images at the network's own size."""
    size = network.description.input_size
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, (size, size), mode="bilinear", antialias=True)


def grad_cam(
    network: Network, images: np.ndarray, classes: np.ndarray, *, layer: str | None = None, batch_size: int = 32
) -> np.ndarray:
    """Heat maps of images for a class each (Grad-CAM, Selvaraju et al. 2017), by captum.

    The maps of the target layer are summed, each weighted by the mean gradient of the class's logit over it; what is
    negative, and so speaks for other classes, becomes 0. The result is resized to the image (bilinear) and divided by
    its maximum. An ensemble's heat is the mean of its members', each weighted by its share in the ensemble's
    probability of the class, divided by its maximum again.

    Args:
        network: a trained network or an ensemble of such, on any device; left in evaluation mode.
        images: uint8 (n, size, size, 3), framed to the network's input size.
        classes: the class number to explain of each image, int (n,).
        layer: name of the layer to read in place of `target_layer`'s choice.
        batch_size: images at a time.

    Returns:
        float32 (n, size, size) in [0, 1], never negative; the maximum of each map is 1, or 0 where nothing at that
        layer speaks for the class: such a map is 0 everywhere.

    Raises:
        ModelFileError: the network has no such layer, or none with maps.

    >>> from hemascope.models.network import create_network
    >>> network = create_network("vanilla_cnn", classes=8, input_size=32, pretrained=False)
    >>> grad_cam(network, np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 7])).shape
    (2, 32, 32)
    """
    network.eval()
    device = next(network.parameters()).device
    explained = _Cam(network, layer)
    found = np.zeros(images.shape[:3], np.float32)
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        pixels = torch.from_numpy(images[part]).to(device).permute(0, 3, 1, 2).float().div(255)
        targets = torch.as_tensor(np.asarray(classes[part], np.int64), device=device)
        found[part] = explained(pixels, targets).cpu().numpy()
    return found


def map_side(network: Network, layer: str | None = None) -> int:
    """Positions along each side of the maps that Grad-CAM reads; the finest of an ensemble's members'."""
    members = members_of(network)
    if not members:
        return target_layer(network, layer).side
    return max(map_side(member.network, layer) for member in members)


class _Cam:
    """The maps of a network whose layers were found once; an ensemble's members have one each."""

    def __init__(self, network: Network, layer: str | None) -> None:
        self.network = network
        self.members = members_of(network)
        self.parts = [_Cam(member.network, layer) for member in self.members]
        if not self.members:
            self.method = LayerGradCam(network, target_layer(network, layer).module)

    def __call__(self, images: Tensor, classes: Tensor) -> Tensor:
        """Float (n, h, w) in [0, 1] of images float (n, 3, h, w) in [0, 1] and class numbers int64 (n,)."""
        images = fitted(self.network, images)
        if self.members:
            weights = shares(self.members, images, classes)
            size = images.shape[2:]
            heats = torch.stack([_resized(part(images, classes), size) for part in self.parts])
            return _to_one((weights[:, :, None, None] * heats).sum(0))
        heat = self.method.attribute(images.requires_grad_(), classes, relu_attributions=True).detach()
        return _to_one(_resized(heat[:, 0].float(), images.shape[2:]))


def _resized(heat: Tensor, size: torch.Size) -> Tensor:
    return heat if heat.shape[1:] == size else F.interpolate(heat[:, None], size, mode="bilinear")[:, 0]


def _to_one(heat: Tensor) -> Tensor:
    highest = heat.amax((1, 2), keepdim=True)
    return torch.where(highest > 0, heat / highest.clamp_min(torch.finfo(heat.dtype).tiny), 0.0)


class GradCamExplainer:
    """The `hemascope.explain.explainer.Explainer` of a network in memory.

    Args:
        network: one network or an ensemble.
        classes: names of its k outputs.
        name: what to call it.
        temperature: of its calibration.
        layer: another layer than `target_layer` chooses.

    Raises:
        ModelFileError: no such layer, or a network without maps.
    """

    method = "Grad-CAM (Selvaraju et al. 2017): the last maps, weighted by the class's mean gradient over each"

    def __init__(
        self,
        network: Network,
        classes: tuple[str, ...],
        name: str,
        temperature: float = 1.0,
        layer: str | None = None,
    ) -> None:
        self._network = network
        self._layer = layer
        self.name = name
        self.network = network.description.network
        self.classes = classes
        self.size = network.description.input_size
        self.side = map_side(network, layer)
        self._model = NetworkModel(network, classes, self.size, temperature)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """See `hemascope.explain.explainer.Explainer`."""
        return self._model.probabilities(images)

    def appearances(self, images: np.ndarray) -> list[str]:
        """See `hemascope.explain.explainer.Explainer`: a network in training has learnt no attributes."""
        return [""] * len(images)

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """See `hemascope.explain.explainer.Explainer`."""
        return grad_cam(self._network, images, classes, layer=self._layer)


def open_run_explainer(folder: Path, layer: str | None = None, device: str | None = None) -> GradCamExplainer:
    """The network of a finished Run, calibrated as its model file is, on a device of `hemascope.train.device`."""
    run = Run.open(folder)
    with on_device(device) as chosen:
        network = open_network(run).to(chosen)
    temperature = read_metrics(run.metrics_file)["temperature"] if run.metrics_file.is_file() else 1.0
    return GradCamExplainer(network, run.manifest().classes, folder.resolve().name, temperature, layer)
