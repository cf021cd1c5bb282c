"""The accelerators that onnxruntime may have, what it calls them, and what brings them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Accelerator:
    """One that onnxruntime knows.

    Attributes:
        title: what people call it.
        provider: what onnxruntime calls it.
        package: that brings it.
        options: of the provider; several are tried one after another.
        numbered: whether there may be several, told apart by a number: ``cuda:1``.
        shared: whether several threads may run a session at a time.
    """

    title: str
    provider: str
    package: str
    options: Sequence[Mapping[str, str]] = ({},)
    numbered: bool = False
    shared: bool = True


ACCELERATORS = {
    "cuda": Accelerator(
        "CUDA",
        "CUDAExecutionProvider",
        "pip install 'onnxruntime-gpu[cuda,cudnn]' in the place of onnxruntime",
        # TF32 would round to ten bits; to try every algorithm anew for each size of batch takes longer than it saves.
        ({"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested"},),
        numbered=True,
    ),
    "directml": Accelerator(
        "DirectML",
        "DmlExecutionProvider",
        "pip install onnxruntime-directml in the place of onnxruntime, on Windows",
        numbered=True,
        shared=False,
    ),
    "mps": Accelerator(
        "CoreML",
        "CoreMLExecutionProvider",
        "pip install onnxruntime on a Mac",
        ({"ModelFormat": "MLProgram"},),
        shared=False,
    ),
    "openvino": Accelerator(
        "OpenVINO",
        "OpenVINOExecutionProvider",
        "pip install onnxruntime-openvino in the place of onnxruntime",
        ({"device_type": "GPU"}, {"device_type": "CPU"}),  # its AUTO takes none of our nodes
    ),
}
"""By the names of `hemascope.predict.devices.DEVICES`, the likely fastest first: so does ``auto`` try them."""
