"""How well cells are found: average precision by kind (pycocotools), recall and precision at a threshold, counts.

A kind that is not boxed in a field is not scored in it, neither for nor against; nor is what lies in a region of which
nothing is asked.
"""

import contextlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from hemascope.cells import KINDS
from hemascope.data.annotations.fields import LabelledField
from hemascope.evaluate.metrics import finite_or_none
from hemascope.jeffreys import jeffreys

OVERLAP = 0.5
"""Intersection over union from which a box found is taken for a box marked."""

_OVERLAPS = np.linspace(0.5, 0.95, 10)
_RECALLS = np.linspace(0, 1, 101)  # COCO's
_MOST = 100_000  # boxes of a field; COCO's own limit of 100 would cut off red cells


class Detected(NamedTuple):
    """What was found in a field, over a low floor: boxes (n, 4) in its pixels, kinds (n,), scores (n,); its scale."""

    boxes: np.ndarray
    kinds: np.ndarray
    scores: np.ndarray
    scale: float = 1.0
    scale_from: str = ""


@dataclass(frozen=True)
class Marks:
    """Which boxes of a field are right: of those found, bool (n,), and whether each marked one was found, bool (m,).

    Boxes below the threshold, and of a kind that is not boxed in the field, count as neither: ``taken`` is False for
    them, bool (n,).
    """

    right: np.ndarray
    taken: np.ndarray
    hit: np.ndarray

    @property
    def mistakes(self) -> int:
        """How many cells were missed, and how many found that there are not."""
        return int((~self.hit).sum() + (self.taken & ~self.right).sum())


def score_detections(
    fields: Sequence[LabelledField], found: Sequence[Detected], thresholds: Mapping[str, float] | None = None
) -> tuple[dict[str, Any], list[Marks]]:
    """Measure what was found against what is marked.

    Args:
        fields: n of them.
        found: of each field, everything over a floor well below the thresholds.
        thresholds: of each kind, the score from which a box counts; where not given, that of the best F1 here.

    Returns:
        - JSON-ready: ``{"fields", "map50", "map", "kinds": {kind: None or {"fields", "boxes", "ap50", "ap",
          "threshold", "best_threshold", "recall", "precision", "false_per_field", "count_error", "count_bias",
          "curve"}}}``. ``ap50`` is at an overlap of 0.5, ``ap`` the mean over 0.5 to 0.95; ``recall`` and ``precision``
          are ``{"value", "low", "high"}`` at the threshold; ``count_error`` is the mean over the fields of
          |found - marked| / marked, ``count_bias`` (found - marked) / marked of all together; ``curve`` has the
          precision at 101 recalls. None for a kind that is boxed nowhere.
        - of each field, which boxes are right at the thresholds.

    >>> from pathlib import Path
    >>> box = np.array([[0, 0, 10, 10.0]], np.float32)
    >>> field = LabelledField("a.png", Path("a.png"), box, np.array([0]), (True, False, False))
    >>> scores, _ = score_detections([field], [Detected(box, np.array([0]), np.array([0.9]))])
    >>> round(scores["map50"], 6), scores["kinds"]["red"]
    (1.0, None)
    """
    marks = [
        Marks(np.zeros(len(one.scores), bool), np.zeros(len(one.scores), bool), np.zeros(len(field.boxes), bool))
        for field, one in zip(fields, found, strict=True)
    ]
    kinds: dict[str, Any] = {}
    for number, kind in enumerate(KINDS):
        images = [place for place, field in enumerate(fields) if field.annotated[number]]
        chosen = None if thresholds is None else thresholds[kind]
        kinds[kind] = _scored(number, images, fields, found, chosen, marks) if images else None
    known = [scores for scores in kinds.values() if scores and scores["ap50"] is not None]
    means = {
        name: float(np.mean([scores[key] for scores in known])) if known else None
        for name, key in (("map50", "ap50"), ("map", "ap"))
    }
    return {"fields": len(fields), **means, "kinds": kinds}, marks


def _scored(
    kind: int,
    images: list[int],
    fields: Sequence[LabelledField],
    found: Sequence[Detected],
    threshold: float | None,
    marks: list[Marks],
) -> dict[str, Any]:
    """The scores of one kind in the fields that have it boxed; its part of the marks is filled in."""
    evaluated = _matched(kind, images, fields, found)
    there = [one for one in evaluated.evalImgs if one is not None]
    asked = [~one["dtIgnore"][0].astype(bool) for one in there]
    scores = np.concatenate([[], *(np.array(one["dtScores"])[own] for one, own in zip(there, asked, strict=True))])
    matched = (one["dtMatches"][0][own] > 0 for one, own in zip(there, asked, strict=True))
    hits = np.concatenate([np.zeros(0, bool), *matched])
    boxes = sum(fields[place].count(kind) for place in images)
    best = _best_threshold(scores, hits, boxes)
    threshold = best if threshold is None else threshold
    right, taken = int((hits & (scores >= threshold)).sum()), int((scores >= threshold).sum())
    errors = []
    taken_in = {
        one["image_id"]: int((np.array(one["dtScores"])[own] >= threshold).sum())
        for one, own in zip(there, asked, strict=True)
    }
    for place in images:
        counted = taken_in.get(place + 1, 0)
        if marked := fields[place].count(kind):
            errors.append(abs(counted - marked) / marked)
    for one in there:
        _mark(marks[one["image_id"] - 1], one, evaluated, threshold)
    precision = evaluated.eval["precision"][:, :, 0, 0, 0]  # overlaps, recalls; -1 where nothing is marked
    known = boxes > 0
    return {
        "fields": len(images),
        "boxes": boxes,
        "ap50": float(precision[0].mean()) if known else None,
        "ap": float(precision.mean()) if known else None,
        "threshold": threshold,
        "best_threshold": best,
        "recall": _share(right, boxes),
        "precision": _share(right, taken),
        "false_per_field": (taken - right) / len(images),
        "count_error": finite_or_none(float(np.mean(errors))) if errors else None,
        "count_bias": (taken - boxes) / boxes if known else None,
        "curve": [round(float(value), 4) for value in precision[0]] if known else [],
    }


def _matched(kind: int, images: list[int], fields: Sequence[LabelledField], found: Sequence[Detected]) -> Any:
    """pycocotools' evaluation of one kind; images and boxes are numbered from 1, since 0 means none there."""
    truths: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for place in images:
        rows = np.flatnonzero(np.isin(fields[place].kinds, (kind, -1 - kind)))
        truths += [
            _box(place, row, fields[place].boxes[row], len(truths) + i)
            | {"iscrowd": int(fields[place].kinds[row] < 0), "ignore": int(fields[place].kinds[row] < 0)}
            for i, row in enumerate(rows)
        ]
        rows = np.flatnonzero(found[place].kinds == kind)
        answers += [
            _box(place, row, found[place].boxes[row], len(answers) + i) | {"score": float(found[place].scores[row])}
            for i, row in enumerate(rows)
        ]
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does
        evaluated = COCOeval(_coco(images, truths), _coco(images, answers), "bbox")
        evaluated.params.iouThrs = _OVERLAPS
        evaluated.params.recThrs = _RECALLS
        evaluated.params.maxDets = [_MOST]
        evaluated.params.areaRng, evaluated.params.areaRngLbl = [[0, 1e12]], ["all"]
        evaluated.evaluate()
        evaluated.accumulate()
    return evaluated


def _box(place: int, row: np.integer, box: np.ndarray, number: int) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = (float(value) for value in box)
    return {
        "id": number + 1,
        "row": int(row),
        "image_id": place + 1,
        "category_id": 1,
        "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
        "area": (xmax - xmin) * (ymax - ymin),
        "iscrowd": 0,
    }


def _coco(images: list[int], boxes: list[dict[str, Any]]) -> COCO:
    made = COCO()
    made.dataset = {"images": [{"id": place + 1} for place in images], "annotations": boxes, "categories": [{"id": 1}]}
    made.createIndex()
    return made


def _mark(marks: Marks, one: dict[str, Any], evaluated: Any, threshold: float) -> None:
    """Enter what pycocotools says of one kind in a field; it matches by falling score, so no threshold changes that."""
    score_of = dict(zip(one["dtIds"], one["dtScores"], strict=True))
    for number, matched, ignored in zip(one["dtIds"], one["dtMatches"][0], one["dtIgnore"][0], strict=True):
        row = evaluated.cocoDt.anns[number]["row"]
        marks.taken[row] = score_of[number] >= threshold and not ignored
        marks.right[row] = marks.taken[row] and matched > 0
    for number, matched, ignored in zip(one["gtIds"], one["gtMatches"][0], one["gtIgnore"], strict=True):
        right = matched > 0 and score_of[int(matched)] >= threshold
        marks.hit[evaluated.cocoGt.anns[number]["row"]] = right or ignored


def _best_threshold(scores: np.ndarray, hits: np.ndarray, boxes: int) -> float:
    """The score from which a box is best taken: halfway below the last one of the best F1; 0.5 where none is right."""
    if not hits.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    sorted_scores, right = scores[order], np.cumsum(hits[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + boxes)
    f1[:-1][sorted_scores[:-1] == sorted_scores[1:]] = -1  # no threshold parts equal scores
    last = int(np.argmax(f1))
    below = sorted_scores[last + 1] if last + 1 < len(order) else 0.0
    return round(float((sorted_scores[last] + below) / 2), 4)


def _share(right: int, of: int) -> dict[str, float | None]:
    low, high = jeffreys(right, of) if of else (math.nan, math.nan)
    return {"value": right / of if of else None, "low": finite_or_none(low), "high": finite_or_none(high)}
