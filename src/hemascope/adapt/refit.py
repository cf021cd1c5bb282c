"""The method: normalisation statistics of training and folder mixed, and folded into the network anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from hemascope.adapt.graph import Layer, Moments, find_layers, measuring_graph, moment_names, refolded
from hemascope.predict.modelfile import INPUT
from hemascope.progress import SILENT, Progress

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
    progress: Progress = SILENT,
) -> list[Moments]:
    """Run images through the network, each layer normalised by its batch before the next one sees it.

    Args:
        model: it is not changed.
        layers: of that model.
        images: uint8 (n, h, w, 3), in random order.
        weight: of the batch's statistics in the normalisation, above 0, at most 1; the rest is the training's.
        threads: of the network run.
        progress: told of the images that the network has seen.

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
    progress.step("adapting", len(images))
    for batch in np.array_split(images, max(1, round(len(images) / BATCH))):
        found = [values.reshape(-1).astype(np.float64) for values in session.run(names, {INPUT: batch})]
        for i, (mean, variance) in enumerate(zip(found[::2], found[1::2], strict=True)):
            first[i] += len(batch) * mean
            second[i] += len(batch) * (variance + mean**2)
        done += len(batch)
        progress.done(done)
    return [Moments(a / done, np.maximum(b / done - (a / done) ** 2, 0)) for a, b in zip(first, second, strict=True)]


PRIOR = 300
"""Images that the training's statistics count as: n of the folder weigh n / (n + PRIOR)."""

DEPTH = 0.5
"""Share of the normalised layers that are adapted, counted from the image. The first see stain and camera, the last
see cells: adapting these too would mistake other numbers of each class for another laboratory."""

_DEAD = 1e-3  # channels of a smaller share of the largest spread say nothing


@dataclass(frozen=True)
class Refit:
    """An adapted network.

    Attributes:
        model: the graph, with the metadata of the original.
        weight: of the folder's statistics, 0 .. 1.
        shift: how far its images are from those of the training, see `shift_score`.
    """

    model: onnx.ModelProto
    weight: float
    shift: float


def refit(
    model: onnx.ModelProto,
    images: np.ndarray,
    *,
    prior: float = PRIOR,
    depth: float = DEPTH,
    threads: int = 1,
    progress: Progress = SILENT,
    path: str = "model file",
) -> Refit:
    """Adapt the first layers of a network to images.

    Args:
        model: with stored statistics; it is not changed.
        images: uint8 (n, h, w, 3), in random order.
        prior: images that the training's statistics count as; 0 forgets them.
        depth: share of the layers that are adapted, above 0, at most 1.
        threads: of the network run.
        progress: told of the images that the network has seen.
        path: what errors call the model.

    Raises:
        ModelFileError: the model carries no usable statistics.
    """
    layers = find_layers(model, path)
    layers = layers[: max(1, round(depth * len(layers)))]
    weight = len(images) / (len(images) + prior)
    moments = measure(model, layers, images, weight, threads=threads, progress=progress)
    return Refit(refolded(model, layers, moments, weight), weight, shift_score(layers[0], moments[0]))


def shift_score(layer: Layer, moments: Moments) -> float:
    """How far images are from those of the training, as the first layer sees them: 0 is no difference.

    The mean over its channels of |m' - m| / s: the difference of the means in standard deviations of the training.
    The first layer sees colours and edges alone, so that the score says little of the cells. The spread s' has no say,
    because that of a training with strong augmentation is wider than any laboratory's.

    Args:
        layer: with the training's statistics.
        moments: the images'.
    """
    std = layer.norm.std
    alive = std > _DEAD * std.max()
    return float(np.mean(np.abs(moments.mean - layer.norm.mean)[alive] / std[alive]))
