"""Heads that say what is seen of a cell: fitted to a model's features, and joined to its graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper, numpy_helper
from scipy import special
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from hemascope.adapt.teach import fit_temperature
from hemascope.data.manifest import Manifest
from hemascope.predict.modelfile import ATTRIBUTES
from hemascope.progress import SILENT, Progress

SURE = 0.8
"""Probability from which a value is said."""

_INVERSE_RIDGE = (10.0, 100.0)
_BALANCED = (None, "balanced")
_HELD_OUT = 0.25  # share of the images on which the choice is made
_SMALLEST = 1e-3  # of the largest spread: features that hardly vary are not blown up
_OURS = f"hemascope.{ATTRIBUTES}."
"""Begins the names of the nodes and tensors of the heads."""


@dataclass(frozen=True)
class Heads:
    """One linear softmax head an attribute.

    Attributes:
        names: of the attributes.
        values: of each.
        weight: float64 (all values, d).
        bias: float64 (all values,).
        f1: macro F1 of each attribute on images held out, by heads fitted to the others.
        method: how they were fitted, in words.
    """

    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    weight: np.ndarray
    bias: np.ndarray
    f1: tuple[float, ...]
    method: str

    def logits(self, features: np.ndarray) -> list[np.ndarray]:
        """Of each attribute, float64 (n, values), of features float32 (n, d)."""
        ends = np.cumsum([len(values) for values in self.values])[:-1]
        return np.split(features.astype(np.float64) @ self.weight.T + self.bias, ends, axis=1)

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """What the output gives, float64 (n, all values), of features float32 (n, d)."""
        return np.concatenate([special.softmax(part, axis=1) for part in self.logits(features)], axis=1)


def labelled_rows(source: Manifest, csv: Path) -> tuple[Manifest, pd.DataFrame]:
    """The images of a source that have attributes, and these, text, a row an image in the same order.

    Args:
        source: images whose files have names of their own.
        csv: as WBCAtt is (Tsutsui, Pang, Wen 2023): ``img_name``, ``label``, and a column an attribute.
    """
    table = pd.read_csv(csv, dtype=str).set_index("img_name").drop(columns="label")
    names = source.table["path"].map(lambda path: Path(path).name)
    known = names.isin(table.index).to_numpy()
    return source.rows(known), table.loc[names[known]]


def fit_heads(
    features: np.ndarray, names: Sequence[str], labels: np.ndarray, seed: int = 0, progress: Progress = SILENT
) -> Heads:
    """Fit a logistic regression an attribute, all by the ridge and the weights that are best on images held out.

    Their temperatures, too, are fitted to what heads of the other images say of those held out.

    Args:
        features: float32 (n, d), of the training images.
        names: of a attributes.
        labels: their values, text (n, a).
        seed: of the draw.
        progress: told of each fit.
    """
    order = np.random.default_rng(seed).permutation(len(features))
    held, rest = np.split(order, [round(_HELD_OUT * len(order))])
    choices = [(inverse, balanced) for inverse in _INVERSE_RIDGE for balanced in _BALANCED]
    progress.step("fitting heads", len(choices) + 1)
    tried = []
    for done, (inverse, balanced) in enumerate(choices, start=1):
        fitted = _fit(features[rest], names, labels[rest], inverse, balanced)
        tried.append((np.array([_f1(fitted, features[held], labels[held], i) for i in range(len(names))]), fitted))
        progress.done(done)
    best = max(range(len(tried)), key=lambda i: float(tried[i][0].mean()))
    f1, fitted = tried[best]
    inverse, balanced = choices[best]
    heat = []
    for i, logits in enumerate(fitted.logits(features[held])):
        place = {value: number for number, value in enumerate(fitted.values[i])}
        known = np.array([label in place for label in labels[held, i]])
        heat.append(fit_temperature(logits[known], np.array([place[label] for label in labels[held][known, i]])))
    final = _fit(features, names, labels, inverse, balanced)
    each = np.repeat(heat, [len(values) for values in final.values])
    method = f"logistic regression on the features, ridge 1/{inverse:g}{', classes balanced' if balanced else ''}"
    told = tuple(float(round(value, 4)) for value in f1)
    return Heads(final.names, final.values, final.weight / each[:, None], final.bias / each, told, method)


def _fit(features: np.ndarray, names: Sequence[str], labels: np.ndarray, inverse: float, balanced: str | None) -> Heads:
    spread = features.std(axis=0, dtype=np.float64)
    scale = 1 / (np.maximum(spread, _SMALLEST * spread.max()) * np.sqrt(features.shape[1]))
    centre = features.mean(axis=0, dtype=np.float64)
    given = (features - centre) * scale
    values, weights, biases = [], [], []
    for column in labels.T:
        found = LogisticRegression(C=inverse, class_weight=balanced, max_iter=500, tol=1e-3).fit(given, column)
        two = len(found.classes_) == 2
        weight = (np.concatenate([-found.coef_, found.coef_]) / 2 if two else found.coef_) * scale
        bias = np.concatenate([-found.intercept_, found.intercept_]) / 2 if two else found.intercept_
        values.append(tuple(map(str, found.classes_)))
        weights.append(weight)
        biases.append(bias - weight @ centre)
    return Heads(tuple(names), tuple(values), np.concatenate(weights), np.concatenate(biases), (), "")


def _f1(heads: Heads, features: np.ndarray, labels: np.ndarray, i: int) -> float:
    said = np.array(heads.values[i])[heads.logits(features)[i].argmax(axis=1)]
    return float(f1_score(labels[:, i], said, average="macro"))


def describe_heads(heads: Heads, classes: Sequence[str], images: int, data: str) -> dict[str, Any]:
    """What the card says of them, see `hemascope.predict.card.ModelCard`."""
    return {
        "names": list(heads.names),
        "values": [list(values) for values in heads.values],
        "classes": list(classes),
        "sure": SURE,
        "f1": list(heads.f1),
        "images": images,
        "data": data,
        "method": heads.method,
    }


def join_heads(model: onnx.ModelProto, heads: Heads) -> onnx.ModelProto:
    """A copy of a model with the output ``attributes``, in the place of one there; all else stays.

    The weights are kept in half precision, which moves no probability by more than a thousandth or so, and are a
    hundredth of the file.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    for parts in (graph.node, graph.initializer):
        kept = [part for part in parts if not part.name.startswith(_OURS)]
        del parts[:]
        parts.extend(kept)
    outputs = [output for output in graph.output if output.name != ATTRIBUTES]
    del graph.output[:]
    graph.output.extend(
        [*outputs, helper.make_tensor_value_info(ATTRIBUTES, TensorProto.FLOAT, ["n", len(heads.bias)])]
    )
    sizes = [len(values) for values in heads.values]
    arrays = {
        "half": heads.weight.astype(np.float16),
        "bias": heads.bias.astype(np.float32),
        "sizes": np.array(sizes, np.int64),
    }
    graph.initializer.extend(numpy_helper.from_array(values, _OURS + name) for name, values in arrays.items())
    logits = [f"logits{i}" for i in range(len(sizes))]
    shares = [f"shares{i}" for i in range(len(sizes))]

    def step(kind: str, given: Sequence[str], made: Sequence[str], **about: int) -> None:
        names = [name if name == "features" else _OURS + name for name in given]
        results = [name if name == ATTRIBUTES else _OURS + name for name in made]
        graph.node.append(helper.make_node(kind, names, results, name=f"{_OURS}{made[0]}.{kind}", **about))

    step("Cast", ["half"], ["weight"], to=TensorProto.FLOAT)
    step("Gemm", ["features", "weight", "bias"], ["logits"], transB=1)
    step("Split", ["logits", "sizes"], logits, axis=1)
    for one, other in zip(logits, shares, strict=True):
        step("Softmax", [one], [other], axis=-1)
    step("Concat", shares, [ATTRIBUTES], axis=1)
    return copy
