"""Heads of attributes: what they learn, and that the graph says what they say, whatever is done to the file."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

import hemascope
from hemascope.adapt.head import find_head, with_head
from hemascope.adapt.metadata import set_card
from hemascope.adapt.zoom import with_zoom
from hemascope.export.attributes import Heads, describe_heads, fit_heads, join_heads
from tests.adapt.model import some_images, write_model


def drawn(n, seed=0):
    """Features of two values that lie apart, and of three that lie by each other."""
    rng = np.random.default_rng(seed)
    two, three = rng.integers(0, 2, n), rng.integers(0, 3, n)
    features = rng.normal(size=(n, 5)).astype(np.float32)
    features[:, 0] += 8 * two
    features[:, 1] += 1.5 * three
    return features, np.stack([np.array(["no", "yes"])[two], np.array(["a", "b", "c"])[three]], axis=1)


@pytest.fixture(scope="module")
def heads() -> Heads:
    return fit_heads(*(lambda features, labels: (features, ("vacuoles", "shape"), labels))(*drawn(600)))


def test_they_learn_what_can_be_told_and_know_how_well(heads):
    assert heads.values == (("no", "yes"), ("a", "b", "c"))
    features, labels = drawn(400, seed=1)
    for i, logits in enumerate(heads.logits(features)):
        right = np.array(heads.values[i])[logits.argmax(axis=1)] == labels[:, i]
        assert right.mean() == pytest.approx(heads.f1[i], abs=0.06)
    assert heads.f1[0] > 0.99 > 0.8 > heads.f1[1]
    shares = heads.probabilities(features)[:, 2:]
    sure = shares.max(axis=1) > 0.8  # calibrated: what is sure is right as often as it says
    right = np.array(heads.values[1])[shares.argmax(axis=1)] == labels[:, 1]
    assert right[sure].mean() == pytest.approx(shares.max(axis=1)[sure].mean(), abs=0.06)


def test_the_graph_says_it_and_keeps_it_zoomed_and_taught(heads, tmp_path):
    plain = hemascope.load(write_model(tmp_path / "plain.onnx"))
    card = replace(plain.card, attributes=describe_heads(heads, ["basophil"], 600, "drawn"))
    original = onnx.load(plain.path)
    joined = join_heads(join_heads(original, heads), heads)
    assert len(joined.graph.node) == len(join_heads(original, heads).graph.node)
    head = find_head(original)
    images = some_images(4)
    for name, graph in {
        "joined": joined,
        "zoomed": with_zoom(joined, 1.3),
        "taught": with_head(joined, head, 1.0),
    }.items():
        set_card(graph, card)
        onnx.checker.check_model(graph)
        onnx.save(graph, tmp_path / f"{name}.onnx")
        model = hemascope.load(tmp_path / f"{name}.onnx")
        expected = heads.probabilities(model.features(images))
        found = np.concatenate(list(model.attributes(images).values()), axis=1)
        np.testing.assert_allclose(found, expected, atol=2e-3)
        if name != "zoomed":
            np.testing.assert_allclose(model.probabilities(images), plain.probabilities(images), atol=1e-5)
