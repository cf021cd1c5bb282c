import hashlib

import numpy as np
import onnx
import pytest

from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard, class_sets, set_levels, set_mass
from hemascope.predict.classifier import load
from hemascope.predict.shipped import find

CLASSES = ("a", "b", "c")
SCORED = {
    "robust": "7f607761a6c19c3a1a33b0f40520a374254534eac053af3ac0b5ea510af49180",
    "tiny": "b22389a2be11b39d3a91a022f5be643aaa63e135272253cfd5cc412b4ec87c12",
}
"""SHA-256 of the graphs of the shipped models: cards may be written anew without a new network.

They differ from release 0.1.0's in how the picture comes to the first layer, in the head and the score of unknown
objects, which three laboratories taught, and in the attributes on top of the features.
"""


def test_a_set_holds_the_likely_classes_and_never_none():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.34, 0.33, 0.33], [np.nan] * 3])
    assert class_sets(probabilities, CLASSES, 0.6) == [("a", "b"), ("a", "b"), ()]
    assert class_sets(probabilities, CLASSES, 0.8) == [("a", "b"), ("a", "b", "c"), ()]
    assert class_sets(probabilities, CLASSES, 0) == [("a",), ("a",), ()]
    assert class_sets(probabilities[:1], CLASSES, 1) == [("a", "b", "c")]
    assert class_sets(np.array([[1, 0, 0]], np.float32), CLASSES, 1) == [("a",)]


def test_the_more_doubtful_a_cell_the_larger_its_set():
    doubtful = np.array([[0.27, 0.25, 0.24, 0.24]], np.float32)
    clear = np.array([[0.995, 0.003, 0.001, 0.001]], np.float32)
    assert class_sets(doubtful, "abcd", 0.99) == [tuple("abcd")]
    assert class_sets(clear, "abcd", 0.99) == [("a",)]


def test_a_model_without_sets_says_how_to_get_them():
    with pytest.raises(ModelFileError, match=r"coverage 0\.95.*--resume"):
        set_mass(ModelCard("m", CLASSES, 8), 0.95)


def test_the_sets_of_release_0_1_0_are_refused_as_they_mislead():
    old = ModelCard("m", CLASSES, 8, conformal={"coverage": [0.99], "thresholds": [0.69]})
    assert set_levels(old) == ()
    with pytest.raises(ModelFileError, match=r"doubtful cells sets of one class.*--resume"):
        set_mass(old, 0.99)


@pytest.mark.parametrize(("name", "graph"), SCORED.items())
def test_the_shipped_networks_are_those_that_were_scored(name, graph):
    assert hashlib.sha256(onnx.load(find(name)).graph.SerializeToString()).hexdigest() == graph


@pytest.mark.parametrize("name", SCORED)
def test_the_sets_of_the_shipped_models_grow_with_the_doubt(name):
    classifier = load(name)
    doubtful = np.array([[0.27, 0.22, 0.21, 0.1, 0.1, 0.05, 0.03, 0.02]], np.float32)
    assert len(classifier.sets(doubtful, 0.99)[0]) == 8
    assert len(classifier.sets(doubtful, 0.8)[0]) == 5
    assert classifier.sets(np.eye(8, dtype=np.float32)[:1], 0.99) == [classifier.classes[:1]]
    about = classifier.card.conformal
    assert all(held >= level for held, level in zip(about["measured"], about["levels"], strict=True))
    assert max(about["size"]) < 1.2  # of eight classes


def test_the_zoom_of_a_graph_and_the_pictures_that_keep_what_it_shows():
    sides = {zoom: ModelCard("m", CLASSES, 96, adapted={"zoom": zoom}) for zoom in (0.7, 1, 1.5)}
    assert [(card.zoom, card.picture_side) for card in sides.values()] == [(0.7, 96), (1, 96), (1.5, 144)]
    assert ModelCard("m", CLASSES, 96).zoom == 1
