from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import helper

from hemascope.errors import DecodeError, ModelFileError
from hemascope.fields.cell import KINDS
from hemascope.fields.detector import check_answers, load_detector
from tests.fields.toy import CARD, draw_field, grid, write_detector
from tests.predict.model import write_model


@pytest.fixture(scope="module")
def detector(detector_file):
    return load_detector(detector_file, threads=1)


def test_squares_are_found_where_they_are(detector):
    squares = [("white", 60, 50, 21), ("platelet", 150, 80, 5), ("red", 100, 100, 13)]
    found = detector.find(draw_field(160, 200, squares), 1.0)
    assert [KINDS[kind] for kind in found.kinds] == ["white", "red", "platelet"]
    assert np.abs(found.boxes - [[50, 40, 71, 61], [94, 94, 107, 107], [148, 78, 153, 83]]).max() <= 1
    assert found.boxes.dtype == found.scores.dtype == np.float32
    assert found.kinds.dtype == np.int64
    assert found.scores.min() > 0.8


def test_boxes_end_at_the_field_s_edges(detector):
    found = detector.find(draw_field(100, 120, [("red", 2, 50, 13), ("red", 119, 99, 13)]), 1.0)
    assert found.boxes.min() >= 0
    assert (found.boxes[:, 2].max(), found.boxes[:, 3].max()) == (120, 100)


def test_cells_below_their_kind_s_threshold_are_left_out(tmp_path):
    faint = draw_field(100, 120, [("red", 50, 50, 13), ("white", 90, 50, 15)], darkness=150)  # scores of some 0.69
    card = replace(CARD, thresholds={"white": 0.8, "red": 0.5, "platelet": 0.5})
    found = load_detector(write_detector(tmp_path / "d.onnx", card=card.to_json()), threads=1).find(faint, 1.0)
    assert [KINDS[kind] for kind in found.kinds] == ["red"]


def test_kinds_are_those_of_the_card_s_order(tmp_path):
    card = replace(CARD, kinds=("platelet", "white", "red"))
    found = load_detector(write_detector(tmp_path / "d.onnx", card=card.to_json()), threads=1)
    kinds = found.find(draw_field(100, 120, [("white", 50, 50, 13)]), 1.0).kinds
    assert [KINDS[kind] for kind in kinds] == ["platelet"]


@pytest.mark.parametrize("shape", [(1, 1), (8, 3000), (3000, 8), (40, 40)])
def test_fields_of_any_shape_have_an_answer(detector, shape):
    assert len(detector.find(np.full((*shape, 3), 230, np.uint8))) == 0


@pytest.mark.parametrize("field", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3)), np.zeros((0, 8, 3), np.uint8)])
def test_other_pixels_are_refused(detector, field):
    with pytest.raises(DecodeError, match="not uint8"):
        detector.find(field)


def test_what_is_no_detector_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="no detector of hemascope's"):
        load_detector(write_model(tmp_path / "m.onnx"))
    with pytest.raises(ModelFileError, match="its outputs are"):
        load_detector(write_detector(tmp_path / "d.onnx", outputs=("boxes", "kinds")))
    with pytest.raises(ModelFileError, match="'nothing' is neither"):
        load_detector("nothing")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(ModelFileError, match=r"empty\.onnx"):
        load_detector(tmp_path / "empty.onnx")


def test_a_graph_within_the_graph_is_refused(tmp_path):
    path = write_detector(tmp_path / "d.onnx")
    model = onnx.load(path)
    branch = helper.make_graph([helper.make_node("Identity", ["boxes"], ["same"])], "branch", [], [])
    model.graph.node.append(helper.make_node("If", ["is_peak"], ["more"], then_branch=branch, else_branch=branch))
    onnx.save(model, path)
    with pytest.raises(ModelFileError, match="the operator 'If'"):
        load_detector(path)


@pytest.mark.parametrize(
    ("boxes", "kinds", "scores", "why"),
    [
        ([[0, 0, 1, 1]], [0, 1], [0.5], "kinds"),
        ([[0, 0, 1, np.nan]], [0], [0.5], "no finite numbers"),
        ([[0, 0, 1, 1]], [3], [0.5], "kinds from 3"),
        ([[0, 0, 1, 1]], [-1], [0.5], "kinds from -1"),
        ([[0, 0, 1, 1]], [0], [1.5], "scores from 1.5"),
        ([[5, 0, 1, 1]], [0], [0.5], "end before they begin"),
        (np.zeros((100_001, 4)), np.zeros(100_001), np.ones(100_001), "100,001 cells"),
    ],
)
def test_answers_that_are_none_are_refused(tmp_path, boxes, kinds, scores, why):
    with pytest.raises(ModelFileError, match=why):
        check_answers(tmp_path, [np.array(boxes, np.float32), np.array(kinds, np.int64), np.array(scores, np.float32)])


def test_a_field_in_tiles_has_the_cells_of_the_whole_one(detector):
    field = draw_field(300, 420, grid(300, 420))
    whole, parts = detector.find(field, 1.0), detector.find(field, 1.0, side=150)
    assert len(whole) == len(grid(300, 420))
    assert np.array_equal(whole.boxes, parts.boxes)
    assert np.array_equal(whole.kinds, parts.kinds)
    assert np.array_equal(whole.scores, parts.scores)
