"""The weights of a network, taken out of a model file: what a training can start from where no Run is at hand.

A model file has each BatchNorm folded into the convolution before it, z = W x + b, and carries the mean m and the
deviation s of z over the training images (`hemascope.adapt.metadata`). The layers that compute the same, with the
statistics that those images have, are the convolution W and a BatchNorm of running mean m - b, running variance s^2,
weight sqrt(s^2 + epsilon) and bias m: its output is W x - (m - b) + m = W x + b.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from hemascope.adapt.head import find_head
from hemascope.adapt.metadata import Norm, read_norms
from hemascope.adapt.zoom import frame_at
from hemascope.errors import ModelFileError
from hemascope.models.network import Network
from hemascope.predict.classifier import Classifier

_REMEDY = "Start from the folder of the Run that it was exported from."
_EXACT, _IN_EIGHT_BITS = 1e-3, 0.25
"""How far the features may be from those of the file, as a share of their length: eight bits round every layer."""


def take_over(model: Classifier, network: Network, *, head: bool) -> bool:
    """Give a network the weights inside a model file, and see to it that it computes what the file does.

    Args:
        model: the file, opened; of one in eight bits the weights are those that its numbers stand for.
        network: changed in place; of the same architecture, on the CPU.
        head: take over the head too, where it has the same layers.

    Returns:
        Whether the head was taken over.

    Raises:
        ModelFileError: the file lacks weights of the backbone or statistics of its layers, or computes otherwise.
    """
    file = onnx.load(model.path)
    weights = _weights(file, network, str(model.path))
    own = network.state_dict()
    if head and weights.keys() != own.keys():
        weights |= _later_head(file, own, model.card.temperature)
    fits = head and weights.keys() == own.keys()
    if not fits:
        weights |= {name: value for name, value in own.items() if name.startswith("head.")}
    network.load_state_dict(weights)
    size = model.card.input_size
    images = np.random.default_rng(0).integers(0, 256, (2, size, size, 3)).astype(np.uint8)
    seen = np.stack([frame_at(image, size, model.card.zoom) for image in images])  # the network itself has no zoom
    with torch.no_grad(), evaluating(network):
        found = network.features(torch.from_numpy(seen).permute(0, 3, 1, 2) / 255).numpy()
    expected = model.features(images)
    eight_bits = any(node.op_type == "DequantizeLinear" for node in file.graph.node)
    off = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    if not off <= (_IN_EIGHT_BITS if eight_bits else _EXACT):
        raise ModelFileError(f"{model.path}: a network of its weights computes other features ({off:.2g} off)", _REMEDY)
    return fits


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode, and afterwards in the mode that it was in."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def normalised(network: nn.Module, images: Tensor) -> dict[str, str]:
    """Which BatchNorm takes what which convolution gives, by the names of both; empty without BatchNorm.

    >>> from hemascope.models.network import create_network
    >>> lite = create_network("tf_efficientnet_lite0", classes=8, input_size=64, pretrained=False)
    >>> normalised(lite, torch.zeros(1, 3, 64, 64))["backbone.conv_stem"]
    'backbone.bn1'

    Args:
        network: on the CPU.
        images: some that it takes.
    """
    made: dict[int, tuple[str, Tensor]] = {}  # the tensors are held so that no other takes the place of one
    found: dict[str, str] = {}

    def after(name: str) -> Any:
        return lambda layer, given, result: made.update({id(result): (name, result)})

    def before(name: str) -> Any:
        def note(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            if id(given[0]) in made:
                found[made[id(given[0])][0]] = name

        return note

    handles = []
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            handles.append(layer.register_forward_hook(after(name)))
        elif isinstance(layer, _BatchNorm) and layer.affine and layer.running_var is not None:
            handles.append(layer.register_forward_pre_hook(before(name)))
    try:
        with torch.no_grad(), evaluating(network):
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _weights(file: onnx.ModelProto, network: Network, path: str) -> dict[str, Tensor]:
    """Tensors by the names of ``network.state_dict()``, without those of a head that the file does not hold so."""
    held = dict(_held(file))
    norms = {_own(name): norm for name, norm in read_norms(file, path).items()}
    layers: dict[str, Any] = dict(network.named_modules())
    weights = {}
    for conv, norm in normalised(network, network.blank()).items():
        if f"{norm}.running_mean" in held:
            continue  # not folded: its tensors have names of their own
        if f"{conv}.weight" not in norms:
            raise ModelFileError(f"{path}: it carries no statistics of the layer {norm}", _REMEDY)
        bias = held.pop(f"{conv}.bias", np.zeros(len(norms[f"{conv}.weight"].mean), np.float32))
        for name, value in _unfolded(norms[f"{conv}.weight"], bias, layers[norm].eps).items():
            held[f"{norm}.{name}"] = value
        held[f"{conv}.bias"] = np.zeros_like(bias)
    for name, wanted in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            weights[name] = wanted
        elif name in held and held[name].shape == wanted.shape:
            weights[name] = torch.from_numpy(held[name].astype(np.float32))
        elif not name.startswith("head."):
            raise ModelFileError(f"{path}: it holds no weights {name} of {tuple(wanted.shape)}", _REMEDY)
    return weights


def _later_head(file: onnx.ModelProto, own: dict[str, Tensor], temperature: float) -> dict[str, Tensor]:
    """The one linear layer that a file was given after its training, as teaching does; nothing where it fits not."""
    names = [name for name in own if name.startswith("head.")]
    try:
        found = find_head(file).at(1 / temperature)
    except ModelFileError:
        return {}
    values = {"weight": found.weight, "bias": found.bias}
    later = {name: torch.from_numpy(values[name.rpartition(".")[2]].astype(np.float32)) for name in names}
    return later if len(names) == 2 and all(value.shape == own[name].shape for name, value in later.items()) else {}


def _unfolded(norm: Norm, bias: np.ndarray, epsilon: float) -> dict[str, np.ndarray]:
    """The tensors of a BatchNorm that adds ``bias`` to what has these statistics once it is added."""
    variance = norm.std.astype(np.float64) ** 2
    return {
        "weight": np.sqrt(variance + epsilon),
        "bias": norm.mean,
        "running_mean": norm.mean.astype(np.float64) - bias,
        "running_var": variance,
    }


def _held(file: onnx.ModelProto) -> Iterator[tuple[str, np.ndarray]]:
    """The graph's tensors by the names that they have in the network, those of convolutions by the layer's name."""
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in file.graph.initializer}
    makers = {name: node for node in file.graph.node for name in node.output if node.op_type == "DequantizeLinear"}

    def value(name: str) -> np.ndarray | None:
        if name in tensors or name not in makers:
            return tensors.get(name)
        whole, scale, zero = (tensors.get(part) for part in makers[name].input)
        if whole is None or scale is None or zero is None:
            return None
        along = (-1, *(1,) * (whole.ndim - 1)) if scale.ndim else ()
        return ((whole.astype(np.float32) - zero.reshape(along)) * scale.reshape(along)).astype(np.float32)

    for name, tensor in tensors.items():
        yield _own(name), tensor
    for node in file.graph.node:
        if node.op_type != "Conv":
            continue
        layer = _own(node.input[1]).removesuffix("_DequantizeLinear_Output").removesuffix(".weight")
        for kind, name in zip(("weight", "bias"), node.input[1:], strict=False):
            found = value(name)
            if found is not None:
                yield f"{layer}.{kind}", found


def _own(name: str) -> str:
    """A tensor's name without what the deployed graph puts before the network's."""
    return name.rpartition("network.")[2]
