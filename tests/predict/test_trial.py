"""A model file is tried once within bounds, and its answers are checked whenever it gives some."""

import re
import time

import numpy as np
import pytest
from onnx import helper

import hemascope
from hemascope.errors import ModelFileError
from hemascope.predict import trial
from hemascope.predict.heat import heat_map
from tests.predict.hostile import TRIED, before, edited, not_of_black

BLACK, RED = np.zeros((9, 9, 3), np.uint8), np.full((9, 9, 3), (200, 20, 20), np.uint8)
NOT_FINITE = "the network gave no finite probabilities"


@pytest.mark.parametrize("case", TRIED)
def test_what_does_not_classify_is_refused_when_it_is_loaded(tmp_path, case):
    change, words = TRIED[case]
    with pytest.raises(ModelFileError, match=r"m\.onnx: .*" + re.escape(words)):
        hemascope.load(edited(tmp_path / "m.onnx", change))


def test_as_many_probabilities_as_classes_where_the_graph_does_not_tell(tmp_path):
    def change(model):
        before(
            "probabilities",
            helper.make_node("ReduceMin", ["images"], ["darkest"], keepdims=0),  # as good as 0, which no shape tells
            helper.make_node("Cast", ["darkest"], ["zero"], to=7),
            helper.make_node("Add", ["zero", "at_the_end"], ["pads"]),
            helper.make_node("Pad", ["probabilities/was", "pads"], ["probabilities"]),
            at_the_end=np.array([0, 0, 0, 1]),
        )(model)
        for output in model.graph.output:
            output.type.tensor_type.shape.dim[1].dim_param = "k"

    with pytest.raises(ModelFileError, match="4 probabilities an image, and its card names 3 classes"):
        hemascope.load(edited(tmp_path / "m.onnx", change))


def test_what_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "MOST_SECONDS", 0.2)
    squared = [helper.make_node("MatMul", [f"s{i}", f"s{i}"], [f"s{i + 1}"]) for i in range(2000)]
    change = before(
        "features",
        helper.make_node("ReduceMean", ["features/was"], ["one"], keepdims=0),
        helper.make_node("Expand", ["one", "side"], ["s0"]),
        *squared,
        helper.make_node("ReduceMean", ["s2000"], ["level"], keepdims=0),
        helper.make_node("Add", ["features/was", "level"], ["features"]),
        side=np.array([600, 600]),
    )
    path = edited(tmp_path / "m.onnx", change)
    started = time.monotonic()
    with pytest.raises(ModelFileError, match=r"two images take it more than 0\.2 seconds"):
        hemascope.load(path)
    assert time.monotonic() - started < 10  # some 30 s, were it not ended


def test_what_is_no_answer_is_an_error_of_that_image_alone(tmp_path):
    classifier = hemascope.load(not_of_black(tmp_path / "m.onnx"), threads=1)
    red, black, again = classifier([RED, BLACK, RED])
    assert red.label == again.label == "eosinophil"
    assert black.error == NOT_FINITE
    for ask in (
        lambda: classifier(BLACK),
        lambda: classifier.probabilities(np.stack([RED, BLACK])),
        lambda: heat_map(classifier, BLACK),
    ):
        with pytest.raises(ModelFileError, match=NOT_FINITE):
            ask()


def test_a_network_that_fails_on_an_image_says_so(tmp_path):
    change = before(  # as many rows as pixels along the side, less seven
        "features",
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["side"]),
        helper.make_node("Sub", ["side", "eight"], ["fold"]),
        helper.make_node("Concat", ["fold", "rest"], ["folded"], axis=0),
        helper.make_node("Expand", ["features/was", "folded"], ["features"]),
        one=np.array([1]), eight=np.array([7]), rest=np.array([3]),
    )  # fmt: skip
    classifier = hemascope.load(edited(tmp_path / "m.onnx", change), threads=1)
    with pytest.raises(ModelFileError, match=r"m\.onnx: the network (failed on one image of 9 x 9|gave probabilities)"):
        classifier(RED)
