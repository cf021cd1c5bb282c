"""The graph of a model file: raw pixels of any size in, calibrated probabilities out."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from onnx import compose, helper
from torch import Tensor, nn

from hemascope.adapt.metadata import Norm, store_norms
from hemascope.data.framing import IR_VERSION, OPSET, framing_graph
from hemascope.export.folding import folded
from hemascope.export.scaling import join_scaling
from hemascope.models.network import Network
from hemascope.models.rebuilt import normalised
from hemascope.models.unknown import Levels, UnknownScore
from hemascope.predict.card import METADATA_KEY, ModelCard
from hemascope.predict.modelfile import OUTPUTS, UNKNOWN


def network_norms(network: Network) -> dict[str, Norm]:
    """The channel statistics that each convolution has after its BatchNorm.

    Args:
        network: in evaluation mode, on the CPU.

    Returns:
        Norms by the name of the convolution's weight; empty for a network without BatchNorm.
    """
    layers = dict(network.named_modules())
    return {f"{conv}.weight": _norm(layers[norm]) for conv, norm in normalised(network, network.blank()).items()}


def _norm(layer: Any) -> Norm:
    variance = layer.running_var.detach()
    std = layer.weight.detach().abs() * torch.sqrt(variance / (variance + layer.eps))
    return Norm(layer.bias.detach().float().numpy().copy(), std.float().numpy())


class _Deployed(nn.Module):
    """Uint8 (n, 3, size, size) to (probabilities, features): scaling, network, temperature and softmax."""

    outputs: tuple[str, ...] = OUTPUTS

    def __init__(self, network: Network, temperature: float) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        features = self.network.features(pixels.to(torch.float32) / 255)
        return self.probabilities(features), features

    def probabilities(self, features: Tensor) -> Tensor:
        return torch.softmax(self.network.head(features) / self.temperature, dim=1)


class _DeployedWithUnknown(_Deployed):
    """The same with the score of unknown objects, (n,), as a third output."""

    outputs = (*OUTPUTS, UNKNOWN)

    def __init__(self, network: Network, temperature: float, unknown: UnknownScore) -> None:
        super().__init__(network, temperature)
        self.levels = Levels(network)
        self.unknown = unknown

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        features, levels = self.levels(pixels.to(torch.float32) / 255)
        return self.probabilities(features), features, self.unknown(levels)


def write_model(network: Network, card: ModelCard, path: Path, unknown: UnknownScore | None = None) -> None:
    """Write ``model.onnx``.

    Its input is ``images``, uint8 RGB (n, h, w, 3) of any n, h and w. Its outputs are ``probabilities``, float32
    (n, classes), calibrated by the card's temperature, and ``features``, float32 (n, d), the pooled features; with a
    score of unknown objects there is a third, ``unknown``, float32 (n,).

    Args:
        network: in evaluation mode, on the CPU.
        card: goes into the file's metadata; its ``input_size`` and ``temperature`` shape the graph.
        path: the file; the caller sees to it that it is replaced whole.
        unknown: fitted to this network; its threshold must be on the card then.
    """
    fewer = folded(network, network.blank())
    deployed = _Deployed(fewer, card.temperature)
    if unknown is not None:
        deployed = _DeployedWithUnknown(fewer, card.temperature, unknown)
    body = _body(deployed.eval(), card.input_size)
    model = compose.merge_models(framing_graph(card.input_size), body, io_map=[("pixels", "pixels")])
    model.graph.name = card.name
    _name_dimensions(model, len(card.classes))
    onnx.checker.check_model(model)
    model = _simplify(model, path)
    join_scaling(model)
    del model.metadata_props[:]
    helper.set_model_props(model, {METADATA_KEY: card.to_json()})
    store_norms(model, network_norms(network))
    onnx.save(model, path)


def _body(deployed: _Deployed, size: int) -> onnx.ModelProto:
    example = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    return exported(deployed, example, "pixels", deployed.outputs, {0: torch.export.Dim("n")})


def exported(
    module: nn.Module, example: Tensor, name: str, outputs: Sequence[str], dynamic: dict[int, Any]
) -> onnx.ModelProto:
    """A module as an ONNX graph, without a word of the exporter and without traces of its machine.

    Args:
        module: in evaluation mode.
        example: its only input.
        name, outputs: of the input, and of what it gives.
        dynamic: the input's dimensions that are of any size.
    """
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        _silenced("torch.onnx", "onnxscript"),
        _out_of_place(module),
    ):
        warnings.simplefilter("ignore")  # the exporter's own deprecations are not the user's concern
        program = torch.onnx.export(
            module,
            (example,),
            input_names=[name],
            output_names=list(outputs),
            dynamic_shapes=(dynamic,),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    model.ir_version = IR_VERSION
    for node in [*model.graph.node, *model.graph.initializer, *model.graph.value_info]:
        del node.metadata_props[:]  # traces of the exporting machine's source files
    return model


@contextlib.contextmanager
def _out_of_place(network: nn.Module) -> Iterator[None]:
    """Activations that write to a new tensor: those that overwrite their input take the exporter most of its time."""
    layers: list[Any] = [layer for layer in network.modules() if getattr(layer, "inplace", False) is True]
    for layer in layers:
        layer.inplace = False
    try:
        yield
    finally:
        for layer in layers:
            layer.inplace = True


def _name_dimensions(model: onnx.ModelProto, classes: int) -> None:
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[0].dim_param = "n"
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = classes


def _simplify(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Fold constants, and what BatchNorms are left, once, here, rather than at every start of every user."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return onnx.load(path)


class _silenced:  # noqa: N801 - reads as a verb where it is used
    def __init__(self, *loggers: str) -> None:
        self.loggers = [logging.getLogger(name) for name in loggers]

    def __enter__(self) -> None:
        self.levels = [logger.level for logger in self.loggers]
        for logger in self.loggers:
            logger.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        for logger, level in zip(self.loggers, self.levels, strict=True):
            logger.setLevel(level)
