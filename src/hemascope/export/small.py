"""Run -> small model file: quantised on its training images, scored anew on its held-out ones."""

import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

import hemascope
from hemascope.adapt.metadata import set_card
from hemascope.data.reading import read_images
from hemascope.data.splits import limited
from hemascope.errors import DecodeError, RunError
from hemascope.evaluate.conformal import fit_sets
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.summary import card_scores, summarise
from hemascope.export.scaling import join_scaling
from hemascope.files import atomic, scratch
from hemascope.predict.card import METADATA_KEY, ModelCard
from hemascope.predict.modelfile import INPUT
from hemascope.progress import SILENT, Progress
from hemascope.train.run import Run

_QUANTISED = ("Conv", "Clip", "Add")


def write_int8(model: Path, images: Iterable[np.ndarray], path: Path, *, name: str) -> None:
    """Quantise a model file after its training (Jacob et al. 2018): a third of the size.

    The convolutions compute in eight bits, each output channel with its own scale. Framing, pooling, the head and what
    comes after it stay in float32: they are small, and decide what is close. Of a weight's eight bits seven are used,
    because processors without VNNI saturate when they add up products of all eight.

    Args:
        model: a model file in float32.
        images: some hundred training images, uint8 (h, w, 3) of any sizes, on which the range of every activation is
            measured.
        path: the file to write, whole or not at all.
        name: what its card calls it.
    """
    whole = onnx.load(model)
    kept = {item.key: item.value for item in whole.metadata_props}
    del whole.opset_import[1:]  # of domains that the simplifier knows and the graph does not use
    card = ModelCard.from_json(kept[METADATA_KEY], str(model))
    with atomic(path) as temporary, warnings.catch_warnings(), _Quiet():
        warnings.simplefilter("ignore")
        quantize_static(
            whole,
            temporary,
            _Images(images),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_quantize=_before_features(whole.graph),
            op_types_to_quantize=list(_QUANTISED),
            calibrate_method=CalibrationMethod.MinMax,
        )
        small = onnx.load(temporary)
        join_scaling(small)
        del small.metadata_props[:]
        onnx.helper.set_model_props(small, {**kept, METADATA_KEY: replace(card, name=name).to_json()})
        onnx.save(small, temporary)


def _before_features(graph: onnx.GraphProto) -> list[str]:
    """Names of the nodes that can be quantised and that the features hang on; those of the framing have none.

    What comes after the features makes the score of unknown objects, whose largest values no training image shows: a
    range measured on these would cut it off where it begins to tell.
    """
    makers = {output: node for node in graph.node for output in node.output}
    found, wanted = {}, ["features"]
    while wanted:
        node = makers.get(wanted.pop())
        if node is not None and node.output[0] not in found:
            found[node.output[0]] = node
            wanted += node.input
    return [node.name for node in found.values() if node.op_type in _QUANTISED and node.name]


class _Images(CalibrationDataReader):
    def __init__(self, images: Iterable[np.ndarray]) -> None:
        self._images: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self._images, None)
        return None if image is None else {INPUT: image[np.newaxis]}


class _Quiet:
    """Onnxruntime advises on the root logger to simplify the graph first, which has been done."""

    def __enter__(self) -> None:
        logging.disable(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        logging.disable(logging.NOTSET)


_CALIBRATION = 300  # training images; more move no activation's range that matters


def export_int8(folder: Path, path: Path, *, name: str, progress: Progress = SILENT) -> dict[str, Any]:
    """Write a Run's classifier in eight bits, with scores of its own on its card.

    Args:
        folder: the Run, finished; its images must still be where they were.
        path: the model file to write, whole or not at all.
        name: what its card calls it.
        progress: told of each step.

    Returns:
        Its metrics, as `summarise` gives them.

    Raises:
        RunError: not a finished Run, or none of its training images can be read.
    """
    run = Run.open(folder)
    if not run.model_file.exists():
        raise RunError(f"{folder}: its training is not finished", f"hemascope train --resume {folder}")
    manifest = run.manifest()
    held_out = manifest.rows(manifest.part("val", "test"))
    if not len(held_out):
        raise RunError(
            f"{folder}: every image trained one of its folds, so none is left to score the smaller model by",
            "Export it whole (without --int8), or train with a test part.",
        )
    progress.step("measuring activations on training images")
    shown = limited(manifest.rows(manifest.part("train")), _CALIBRATION, seed=run.recipe().seed)
    images = [image for _, image in read_images(shown) if not isinstance(image, DecodeError)]
    if not images:
        raise RunError(f"{folder}: none of its training images can be read", "Put them back where they were.")
    with scratch() as temporary:
        draft = temporary / "draft.onnx"
        write_int8(run.model_file, images, draft, name=name)
        progress.step("scoring on held-out images")
        classifier = hemascope.load(draft, device="cpu")
        predictions, _ = score_model(classifier, held_out, temperature=classifier.card.temperature)
        metrics = summarise(predictions)
        val = predictions.of("val")
        card = replace(
            classifier.card,
            scores=card_scores(metrics),
            conformal=fit_sets(val.probabilities, val.targets, run.recipe().seed),
            confusion=val.confusion(f"validation cells of {manifest.name}"),
        )
        graph = onnx.load(draft)
    set_card(graph, card)
    with atomic(path) as whole:
        onnx.save(graph, whole)
    return metrics
