"""What the graph of a model file may be made of: known operators, without control flow, and nothing outside the file.

It is read before onnxruntime sees it, from the bytes of the file (the wire format of protocol buffers, whose numbers of
fields are those of onnx.proto), because the core does without the package onnx.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from hemascope.errors import ModelFileError

MAX_BYTES = (1 << 31) - 1
"""What a file in this format can be at the most."""

MAX_PARTS = 2_000_000
"""Fields of a graph; those of an ensemble of ten large networks are a tenth of it."""

MAX_KERNEL = 1024
"""Places that a convolution or a pooling looks at: its time is theirs times the size of its result."""

_NAMES = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization Cast CastLike
Ceil Celu Clip Concat Constant ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace
DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand Flatten Floor Gather
GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization
HardSigmoid HardSwish Identity InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less LessOrEqual
Log LogSoftmax LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod
Mul Neg Not Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization Range Reciprocal ReduceL1
ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
Reshape Resize Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign
SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor
"""

OPERATORS = frozenset(_NAMES.split())
"""The standard's operators that networks of images are made of; those of other domains are code of others."""

_WITH_KERNEL = {"AveragePool", "Conv", "ConvInteger", "ConvTranspose", "LpPool", "MaxPool", "QLinearConv"}
_REMEDY = "Take model files from people you know; hemascope export writes one of a Run."

_Field = tuple[int, int | memoryview]


def check_graph(path: Path, operators: frozenset[str] = OPERATORS) -> None:
    """Refuse a model file whose graph could do more than it is for.

    Args:
        path: the file.
        operators: those that it may have.

    Raises:
        ModelFileError: it is larger than such a file can be, no ONNX, or its graph has operators that are not among
            these, graphs within the graph, functions, kernels of more than `MAX_KERNEL` places, or tensors in
            other files.
    """
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise ModelFileError(f"{path}: a model file of {size:,} bytes", "It is damaged, or none.")
    with path.open("rb") as file:
        _Check(path, operators).model(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


class _Check:
    """One reading of a file."""

    def __init__(self, path: Path, operators: frozenset[str]) -> None:
        self._path = path
        self._operators = operators
        self._parts = 0

    def model(self, model: memoryview) -> None:
        try:
            for number, value in self._fields(model):
                if number == 7:
                    self._graph(value)
                elif number in (20, 25):
                    raise self._refusal("a training" if number == 20 else "functions of its own")
        except (IndexError, ValueError) as problem:
            raise ModelFileError(f"{self._path}: not a usable ONNX file (it is damaged)", _REMEDY) from problem

    def _graph(self, graph: int | memoryview) -> None:
        for number, value in self._fields(graph):
            if number == 1:
                self._node(value)
            elif number == 5:
                self._tensor(value)
            elif number == 15:
                raise self._refusal("sparse tensors")

    def _node(self, node: int | memoryview) -> None:
        fields = list(self._fields(node))
        for number, value in fields:
            if number == 7 and (domain := self._text(value)) not in ("", "ai.onnx"):
                raise self._refusal(f"operators of {domain!r}")
        kinds = {self._text(value) for number, value in fields if number == 4}
        if strange := kinds - self._operators:
            raise self._refusal(f"the operator {min(strange)!r}")
        kernel: int | None = None
        for attribute in (value for number, value in fields if number == 5):
            kernel = self._attribute(attribute) or kernel
        if kinds & _WITH_KERNEL and not 0 < (kernel or 0) <= MAX_KERNEL:
            size = "without its size" if kernel is None else f"of {kernel:,} places"
            raise self._refusal(f"a {min(kinds)} {size} ({MAX_KERNEL:,} are the most)")

    def _attribute(self, attribute: int | memoryview) -> int | None:
        """Look through an attribute; gives the number of places where it is the size of a kernel."""
        fields = list(self._fields(attribute))
        for number, value in fields:
            if number in (6, 11):
                raise self._refusal("a graph within its graph")
            if number in (22, 23):
                raise self._refusal("sparse tensors")
            if number in (5, 10):
                self._tensor(value)
        if not any(number == 1 and self._text(value) == "kernel_shape" for number, value in fields):
            return None
        places = 1
        for side in (side for number, value in fields if number == 8 for side in _integers(value)):
            places *= side
        return places

    def _tensor(self, tensor: int | memoryview) -> None:
        for number, value in self._fields(tensor):
            if number == 13 or (number == 14 and value != 0):
                raise self._refusal("tensors in other files")

    def _fields(self, message: int | memoryview) -> Iterator[_Field]:
        """The fields of a message; those that are numbers of a fixed length are passed over."""
        if isinstance(message, int):  # no message, and passed over as such by those who read the format
            return
        at, end = 0, len(message)
        while at < end:
            self._parts += 1
            if self._parts > MAX_PARTS:
                raise self._refusal(f"more than {MAX_PARTS:,} parts")
            tag, at = _varint(message, at)
            number, kind = tag >> 3, tag & 7
            if kind == 0:
                value, at = _varint(message, at)
                yield number, value
            elif kind == 2:
                length, at = _varint(message, at)
                if at + length > end:
                    raise ValueError(length)
                yield number, message[at : at + length]
                at += length
            elif kind in (1, 5):
                at += 8 if kind == 1 else 4
            else:
                raise ValueError(kind)

    def _refusal(self, what: str) -> ModelFileError:
        return ModelFileError(f"{self._path}: refused, because its graph holds {what}", _REMEDY)

    @staticmethod
    def _text(value: int | memoryview) -> str:
        return "" if isinstance(value, int) else bytes(value[:100]).decode("utf-8", "replace")


def _integers(value: int | memoryview) -> Iterator[int]:
    if isinstance(value, int):
        yield value
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield number


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of one to ten bytes, and the place after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError(shift)
