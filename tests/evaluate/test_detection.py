from pathlib import Path

import numpy as np
import pytest

from hemascope.data.annotations.fields import LabelledField
from hemascope.evaluate.detection import Detected, score_detections


def field(boxes: list[list[float]], kinds: list[int], annotated: tuple[bool, ...] = (True,) * 3) -> LabelledField:
    return LabelledField("a", Path("a"), np.array(boxes, np.float32).reshape(-1, 4), np.array(kinds, int), annotated)


def found(boxes: list[list[float]], kinds: list[int], scores: list[float]) -> Detected:
    return Detected(np.array(boxes, np.float32).reshape(-1, 4), np.array(kinds, int), np.array(scores, np.float32))


A, B, C = [0.0, 0, 10, 10], [20.0, 0, 30, 10], [40.0, 40, 60, 60]
NEAR_A = [0.0, 0, 10, 8]  # overlap 0.8


def test_average_precision_by_hand() -> None:
    """Right, wrong, right by falling score: precision 1 up to recall a half, 2/3 beyond."""
    scores, marks = score_detections([field([A, B], [0, 0])], [found([NEAR_A, C, B], [0, 0, 0], [0.9, 0.8, 0.7])])
    white = scores["kinds"]["white"]
    assert white["ap50"] == pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-6)
    assert white["curve"][0] == 1
    assert white["curve"][100] == pytest.approx(0.6667)
    assert white["ap"] < white["ap50"]  # the first overlaps by 0.8 alone
    assert white["best_threshold"] == pytest.approx(0.35)
    assert white["recall"]["value"] == 1
    assert white["precision"]["value"] == pytest.approx(2 / 3)
    assert white["count_error"] == white["count_bias"] == pytest.approx(0.5)
    assert white["false_per_field"] == 1
    assert marks[0].right.tolist() == [True, False, True]
    assert marks[0].hit.tolist() == [True, True]
    assert marks[0].mistakes == 1
    assert scores["map50"] == white["ap50"]  # of the others nothing is marked: no number, not 0
    assert scores["kinds"]["red"]["ap50"] is None


def test_thresholds_cut_what_counts() -> None:
    given = dict.fromkeys(("white", "red", "platelet"), 0.75)
    scores, marks = score_detections([field([A, B], [0, 0])], [found([A, B], [0, 0], [0.9, 0.7])], given)
    assert scores["kinds"]["white"]["recall"]["value"] == 0.5
    assert marks[0].hit.tolist() == [True, False]
    assert marks[0].taken.tolist() == [True, False]
    assert scores["kinds"]["white"]["ap50"] == pytest.approx(1)  # over all thresholds


def test_kinds_that_a_source_does_not_box_are_not_scored_in_it() -> None:
    fields = [field([A], [1]), field([A], [0], (True, False, False))]
    answers = [found([A], [1], [0.9]), found([A, B, C], [0, 1, 1], [0.9, 0.95, 0.8])]
    scores, marks = score_detections(fields, answers)
    assert scores["kinds"]["red"]["fields"] == 1
    assert scores["kinds"]["red"]["ap50"] == scores["kinds"]["white"]["ap50"] == pytest.approx(1)
    assert [one.mistakes for one in marks] == [0, 0]
    assert marks[1].taken.tolist() == [True, False, False]
    only = score_detections([field([A], [0], (True, False, False))], answers[1:])[0]
    assert (only["kinds"]["red"], only["map50"]) == (None, pytest.approx(1))


def test_more_than_a_hundred_cells_of_a_field_count() -> None:
    boxes = [[20.0 * i, 0, 20.0 * i + 10, 10] for i in range(150)]
    answers = found(boxes, [1] * 150, list(np.linspace(0.9, 0.5, 150)))
    assert score_detections([field(boxes, [1] * 150)], [answers])[0]["kinds"]["red"]["ap50"] == pytest.approx(1)


def test_nothing_found_and_nothing_marked() -> None:
    scores, marks = score_detections([field([A], [2]), field([], [])], [found([], [], []), found([A], [0], [0.6])])
    assert scores["kinds"]["platelet"]["ap50"] == 0
    assert scores["kinds"]["platelet"]["precision"]["value"] is None
    assert scores["kinds"]["white"]["recall"]["value"] is None
    assert scores["kinds"]["white"]["false_per_field"] == 0.5
    assert marks[0].mistakes == marks[1].mistakes == 1


def test_what_lies_in_a_region_of_which_nothing_is_asked_is_neither_right_nor_wrong() -> None:
    scores, marks = score_detections([field([A, C], [0, -1])], [found([A, C, B], [0, 0, 0], [0.9, 0.8, 0.7])])
    white = scores["kinds"]["white"]
    assert white["boxes"] == 1
    assert white["ap50"] == pytest.approx(1)
    assert white["recall"]["value"] == 1
    assert marks[0].taken.tolist() == [True, False, False]  # B is below the best threshold
    assert marks[0].mistakes == 0
    all_taken = score_detections([field([A, C], [0, -1])], [found([A, C, B], [0, 0, 0], [0.9, 0.8, 0.7])],
                                 dict.fromkeys(("white", "red", "platelet"), 0.5))[0]["kinds"]["white"]  # fmt: skip
    assert all_taken["precision"]["value"] == 0.5
    assert all_taken["count_error"] == pytest.approx(1)
