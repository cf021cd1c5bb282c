"""COCO of all fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from hemascope.fields.outputs.coco import write_coco
from hemascope.fields.outputs.kept import Field
from tests.fields.outputs.made import CLASSES, broken, cells

FIELDS = [
    Field("monday/a.png", 128, 96, tuple(cells())),
    Field("monday/broken.png", 0, 0, (), broken()[0].error),
    Field('é "b".png', 128, 96, ()),
    Field("c.png", 128, 96, tuple(cells("c.png")[:2])),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_coco(tmp_path / "cells.coco.json", FIELDS, CLASSES)
    return tmp_path / "cells.coco.json"


@pytest.fixture
def found(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_numbers_begin_at_1_and_refer_to_each_other(found: dict[str, Any]) -> None:
    assert [image["file_name"] for image in found["images"]] == ["monday/a.png", 'é "b".png', "c.png"]
    assert [image["id"] for image in found["images"]] == [1, 2, 3]
    assert [one["id"] for one in found["annotations"]] == list(range(1, 9))
    assert [one["image_id"] for one in found["annotations"]] == [1] * 6 + [3] * 2
    assert [(one["id"], one["name"], one["supercategory"]) for one in found["categories"]] == [
        (1, "monocyte", "white"),
        (2, "neutrophil", "white"),
        (3, "platelet", "platelet"),
        (4, "unknown", "white"),
        (5, "white", "white"),
        (6, "red", "red"),
    ]


def test_boxes_are_corner_and_size(found: dict[str, Any]) -> None:
    first, _, unknown, red, cut, platelet = found["annotations"][:6]
    assert first["bbox"] == [10, 20, 20.25, 24.5]
    assert first["area"] == pytest.approx(20.25 * 24.5, abs=0.005)
    assert first["iscrowd"] == 0
    assert first["score"] == 0.95
    assert [one["category_id"] for one in (first, unknown, red, platelet)] == [2, 4, 6, 3]
    assert unknown["attributes"]["label"] == "monocyte"
    assert unknown["attributes"]["is_unknown"]
    assert "label" not in red["attributes"]
    assert cut["attributes"] == {"kind": "red", "is_unknown": False, "border": True, "counted": False}


def test_a_count_without_cells_is_whole_too(tmp_path: Path) -> None:
    write_coco(tmp_path / "x.json", [], CLASSES)
    found = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert found["images"] == found["annotations"] == []


def test_pycocotools_reads_it_and_finds_itself_right(path: Path) -> None:
    of_coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    truth = of_coco.COCO(str(path))
    assert sorted(truth.getAnnIds(imgIds=[3])) == [7, 8]
    assert truth.getCatIds(supNms=["white"]) == [1, 2, 4, 5]
    said = [
        {key: one[key] for key in ("image_id", "category_id", "bbox", "score")} for one in truth.dataset["annotations"]
    ]
    judged = evaluation.COCOeval(truth, truth.loadRes(said), "bbox")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[1] == pytest.approx(1)
