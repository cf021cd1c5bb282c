"""Mean and variance of every layer's channels over the images of a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from hemascope.export.adapt.graph import Moments, measuring_graph, moment_names
from hemascope.export.adapt.layers import Layer
from hemascope.predict.modelfile import INPUT

if TYPE_CHECKING:
    import onnx

BATCH = 64
"""Images that are normalised together."""


def measure(
    model: onnx.ModelProto,
    layers: Sequence[Layer],
    images: np.ndarray,
    weight: float,
    *,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Moments]:
    """Run images through the network, each layer normalised by its batch before the next one sees it.

    Args:
        model: it is not changed.
        layers: of that model.
        images: uint8 (n, h, w, 3), in random order.
        weight: of the batch's statistics in the normalisation, above 0, at most 1; the rest is the training's.
        threads: of the network run.
        progress: called with the images done and their number.

    Returns:
        The moments of each layer over all images, before it is normalised anew itself.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        measuring_graph(model, layers, weight).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [name for layer in layers for name in moment_names(layer)]
    first = [np.zeros(len(layer.norm.mean)) for layer in layers]
    second = [np.zeros(len(layer.norm.mean)) for layer in layers]
    done = 0
    for batch in np.array_split(images, max(1, round(len(images) / BATCH))):
        found = [values.reshape(-1).astype(np.float64) for values in session.run(names, {INPUT: batch})]
        for i, (mean, variance) in enumerate(zip(found[::2], found[1::2], strict=True)):
            first[i] += len(batch) * mean
            second[i] += len(batch) * (variance + mean**2)
        done += len(batch)
        if progress:
            progress(done, len(images))
    return [Moments(a / done, np.maximum(b / done - (a / done) ** 2, 0)) for a, b in zip(first, second, strict=True)]
