"""The same fields out of every form, and what each form alone can have wrong."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hemascope.data.annotations import open_annotations
from hemascope.data.annotations.coco import read_coco
from hemascope.data.annotations.coco import write_coco as write_coco_again
from hemascope.errors import HemascopeError, SourceError
from tests.data.annotations.sources import (
    BOXES,
    EXAMPLE,
    coco,
    write_coco,
    write_csv,
    write_pictures,
    write_voc,
    write_yolo,
    xml,
)
from tests.told import Told

WRITERS = {"csv": write_csv, "coco": write_coco, "voc": write_voc, "yolo": write_yolo}


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_gives_the_same_fields(form: str, tmp_path: Path) -> None:
    told = Told()
    found = open_annotations(WRITERS[form](tmp_path / "smears"), progress=told)
    assert found.name == "smears"
    fields = {field.name.rpartition("/")[2]: field for field in found.fields}
    assert set(fields) == set(BOXES)
    for name, boxes in BOXES.items():
        np.testing.assert_allclose(fields[name].boxes, np.array([box[:4] for box in boxes]).reshape(-1, 4), atol=1e-4)
        assert fields[name].boxes.dtype == np.float32
        assert fields[name].kinds.tolist() == [("WBC", "RBC", "Platelets").index(box[4]) for box in boxes]
        assert fields[name].annotated == (True, True, True)
        assert fields[name].size == (64, 48)
    assert [line for line in told.said if "3 fields; boxes of 1 white cells, 2 red cells, 1 platelets" in line]


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_is_read_elsewhere_as_here(form: str, bucket: Any, tmp_path: Path) -> None:
    folder = WRITERS[form](tmp_path / "smears")
    for path in folder.rglob("*"):
        if path.is_file():
            bucket.put(f"sets/{path.relative_to(tmp_path).as_posix()}", path.read_bytes())
    url = f"{bucket.url}/sets/smears"
    here, there = (open_annotations(source) for source in (folder, url))
    write_coco_again(there.fields, tmp_path / "again.json")
    for found in (there, open_annotations(tmp_path / "again.json")):
        for one, other in zip(here.fields, found.fields, strict=True):
            assert str(other.path) == f"{url}{str(one.path).removeprefix(str(folder))}"
            assert (one.name, one.split, one.digest) == (other.name, other.split, other.digest)
            assert one.kinds.tolist() == other.kinds.tolist()
            np.testing.assert_array_equal(one.boxes, other.boxes)
    asked = sum(count for path, count in bucket.proxy.asked.items() if "a_1" in path)
    assert asked <= 8  # of a picture and its labels: each folder is listed once, not each place asked for


def test_splits_come_of_folders_lists_and_columns(tmp_path: Path) -> None:
    assert [f.split for f in open_annotations(write_yolo(tmp_path / "yolo")).fields] == ["train", "train", "val"]
    voc = write_voc(tmp_path / "voc")
    (voc / "ImageSets" / "Main").mkdir(parents=True)
    (voc / "ImageSets" / "Main" / "test.txt").write_text("a_2\n")
    assert [f.split for f in open_annotations(voc).fields] == ["", "test", ""]
    rows = ["a_1.png,1,1,9,9,rbc,Training", "b_5.png,1,1,9,9,rbc,valid"]
    assert [f.split for f in open_annotations(write_csv(tmp_path / "csv", rows, EXAMPLE + ",split")).fields] == [
        "train", "val",
    ]  # fmt: skip
    for split in ("train", "valid"):
        write_pictures(tmp_path / "robo" / split)
        (tmp_path / "robo" / split / "_annotations.coco.json").write_text(json.dumps(coco()))
    for name in BOXES:  # not the same pixels in both
        (tmp_path / "robo" / "valid" / name).unlink()
    told = Told()
    assert {f.split for f in open_annotations(tmp_path / "robo", progress=told).fields} == {"train"}
    assert any("because they cannot be read: 3" in line for line in told.said)


def test_kinds_without_a_box_are_not_annotated_unless_it_is_said(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "few", ["a_1.png,1,1,9,9,basophil", "a_2.png,1,1,9,9,blast"])
    with pytest.raises(SourceError, match=r"few: of the label 'blast' it is not known .* --kinds 'blast'=white"):
        open_annotations(folder)
    told = Told()
    found = open_annotations(folder, kinds=["blast=white"], progress=told)
    assert found.annotated == (True, False, False)
    assert any("no red cells are boxed" in line and "--annotated few=white,red,platelet" in line for line in told.said)
    assert open_annotations(folder, kinds={"blast": "none"}, annotated=["white", "red"]).annotated == (
        True,
        True,
        False,
    )
    assert [f.count(0) for f in open_annotations(folder, kinds=["blast=none"]).fields] == [1, 0]
    with pytest.raises(SourceError, match="Kinds are white, red, platelet"):
        open_annotations(folder, kinds=["blast=white"], annotated=["wite"])
    with pytest.raises(SourceError, match="A kind is one of white"):
        open_annotations(folder, kinds=["blast=purple"])


def test_cells_of_hemascope_count_are_read_by_their_kind(tmp_path: Path) -> None:
    header = "field,xmin,ymin,xmax,ymax,kind,score,label,confidence,error"
    rows = ["a_1.png,1,1,9,9,white,0.9,blast,0.4,", "a_1.png,20,20,29,29,red,0.9,,,", "gone.png,,,,,,,,,damaged"]
    (field,) = open_annotations(write_csv(tmp_path / "c", rows, header)).fields
    assert (field.kinds.tolist(), field.labels) == ([0, 1], ("white", "red"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a_1.png,9,1,1,9,rbc", r"annotations.csv: line 2: the box \(9, 1, 1, 9\) of a_1.png is reversed.*xmin, ymin"),
        ("a_1.png,70,1,90,9,rbc", r"line 2: the box .* lies outside of a_1.png, which is 64 x 48 pixels"),
        ("a_1.png,nan,1,9,9,rbc", r"line 2: xmin is 'nan', not a number"),
        ("a_1.png,1e400,1,9,9,rbc", r"line 2: xmin is '1e400', not a number"),
        ("a_1.png,,1,9,9,rbc", r"line 2: xmin is '', not a number"),
        (",1,1,9,9,rbc", "line 2 names no file"),
        ("gone.png,1,1,9,9,rbc", r"because they cannot be read: 1, first .*gone.png"),
    ],
)
def test_bad_rows_are_refused_by_name(row: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=words):
        open_annotations(write_csv(tmp_path / "bad", [row]))


def test_slips_are_clipped_or_left_out_with_a_word(tmp_path: Path) -> None:
    rows = ["a_1.png,-5,1,9,60,rbc", "a_1.png,3,3,3,9,rbc", "a_2.png,1,1,9,9,rbc", "a_2.png,1,1,9,9,rbc"]
    told = Told()
    first, second = open_annotations(write_csv(tmp_path / "slips", rows), progress=told).fields
    assert first.boxes.tolist() == [[0, 1, 9, 48]]
    assert second.boxes.tolist() == [[1, 1, 9, 9]]
    said = "\n".join(told.said)
    for words in ("reach over the edge: 1.*line 2", "less than a pixel .*line 3", "stand there twice.*line 5"):
        assert re.search(words, said)


@pytest.mark.parametrize("form", ["csv", "coco", "voc"])
def test_crowds_and_boxes_that_are_to_be_ignored_are_kept_as_such(form: str, tmp_path: Path) -> None:
    if form == "csv":
        write_csv(
            tmp_path,
            ["a_1.png,4,4,24,24,WBC,", "a_1.png,30,10,40,20,RBC,1"],
            header="file,xmin,ymin,xmax,ymax,label,ignore",
        )
    elif form == "coco":
        write_coco(tmp_path)
        path = tmp_path / "annotations" / "instances_default.json"
        content = json.loads(path.read_text())
        content["annotations"][1]["iscrowd"] = 1
        path.write_text(json.dumps(content))
    else:
        write_voc(tmp_path)
        for path in tmp_path.rglob("a_1.xml"):
            path.write_text(path.read_text().replace("<name>RBC</name>", "<name>RBC</name><difficult>1</difficult>"))
    (field,) = [field for field in open_annotations(tmp_path).fields if field.name.endswith("a_1.png")]
    assert field.kinds.tolist()[:2] == [0, -2]
    assert field.boxes[1].tolist() == [30, 10, 40, 20]


def test_copies_are_taken_once_and_stay_where_they_score(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "twice", ["a_1.png,1,1,9,9,rbc,train", "z.png,1,1,9,9,rbc,val"], EXAMPLE + ",split")
    (folder / "z.png").write_bytes((folder / "a_1.png").read_bytes())
    told = Told()
    (field,) = open_annotations(folder, progress=told).fields
    assert (field.name, field.split) == ("z.png", "val")
    assert any("copies of others" in line for line in told.said)


def test_pictures_of_another_size_than_stated_are_refused(tmp_path: Path) -> None:
    rows = ["a_1.png,1,1,9,9,rbc,128,96"]
    with pytest.raises(SourceError, match="128 x 96 pixels there, but 64 x 48 as a picture"):
        open_annotations(write_csv(tmp_path / "scaled", rows, EXAMPLE + ",width,height"))
    rows = ["a_1.png,1,1,9,9,rbc,48,64"]
    with pytest.raises(SourceError, match="EXIF"):
        open_annotations(write_csv(tmp_path / "turned", rows, EXAMPLE + ",width,height"))


def test_folders_that_hold_nothing_too_much_or_deeper_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=r"no annotations that are known.*COCO"):
        open_annotations(tmp_path / "empty")
    both = write_csv(tmp_path / "both")
    (both / "a_1.xml").write_text(xml("a_1.png"))
    with pytest.raises(SourceError, match=r"several kinds: a CSV \(annotations.csv\) and Pascal VOC \(a_1.xml\)"):
        open_annotations(both)
    assert len(open_annotations(both / "annotations.csv")) == 3
    write_csv(tmp_path / "sets" / "one")
    with pytest.raises(SourceError, match=r"further down: one/annotations.csv"):
        open_annotations(tmp_path / "sets")
    with pytest.raises(SourceError, match="no such file"):
        open_annotations(tmp_path / "gone")


def test_yolo_has_polygons_background_and_lines_that_cannot_be(tmp_path: Path) -> None:
    folder = write_yolo(tmp_path / "yolo")
    text = folder / "labels" / "train" / "a_2.txt"
    text.write_text("1 0.1 0.1 0.5 0.1 0.3 0.6\n")
    (folder / "labels" / "val" / "b_5.txt").unlink()
    told = Told()
    found = open_annotations(folder, progress=told)
    np.testing.assert_allclose(found.fields[1].boxes, [[6.4, 4.8, 32, 28.8]], atol=1e-4)
    assert len(found) == 2
    assert any("no file of labels: 1" in line for line in told.said)
    for line, words in {
        "7 0.5 0.5 0.1 0.1": r"a_2.txt: line 1: there is no class '7'.*0 \(WBC\)",
        "1 0.5 0.5 0.1": "4 columns, not class, x, y",
        "1 30 20 10 10": "lies outside of",
    }.items():
        text.write_text(line)
        with pytest.raises(SourceError, match=words):
            open_annotations(folder)


def test_an_xml_bomb_is_refused(tmp_path: Path) -> None:
    folder = write_voc(tmp_path / "voc")
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><annotation><filename>&c;</filename></annotation>'
    (folder / "Annotations" / "a_1.xml").write_text(bomb)
    with pytest.raises(SourceError, match=r"a_1.xml: not readable as XML .it declares entities"):
        open_annotations(folder)


@pytest.mark.parametrize("form", WRITERS)
def test_damaged_files_give_errors_that_are_meant(form: str, tmp_path: Path) -> None:
    folder = WRITERS[form](tmp_path / "smears")
    suffix = {"csv": "*.csv", "coco": "*.json", "voc": "*.xml", "yolo": "*.txt"}[form]
    files = sorted(folder.rglob(suffix))
    rng = np.random.default_rng(0)
    for _ in range(25):
        file = files[rng.integers(len(files))]
        whole = file.read_bytes()
        spoilt = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(spoilt) + 1))
            some = [
                bytes(rng.integers(0, 256, 3, np.uint8)),
                b"",
                b"-",
                b"9" * 30,
                b"nan",
                b"[",
                b"<",
                b"null",
                b"\0",
                b",,",
            ]
            spoilt[at : at + int(rng.integers(0, 8))] = some[rng.integers(len(some))]
        file.write_bytes(bytes(spoilt))
        try:
            found = open_annotations(folder)
            for field in found.fields:
                assert np.isfinite(field.boxes).all()
                assert (field.boxes >= 0).all()
                assert (field.boxes[:, 2:] <= np.array(field.size)).all()
        except HemascopeError as problem:
            str(problem).encode()
        file.write_bytes(whole)


JSON = [None, {}, "a\0b", True, -1, [1], 10**400]


def test_strange_json_gives_errors_that_are_meant(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    write_pictures(tmp_path)
    keys = {
        "images": (None, "id", "file_name", "width", "split", "annotated", "name"),
        "annotations": (None, "bbox", "image_id", "category_id", "iscrowd"),
        "categories": (None, "id", "name"),
    }
    for part, key in [(part, key) for part, some in keys.items() for key in some]:
        for value in JSON:
            content = coco()
            content[part][0] = value if key is None else content[part][0] | {key: value}
            file.write_text(json.dumps(content))
            try:
                assert all(field.path.parent == tmp_path for field in read_coco(file) if field.name in BOXES)
            except HemascopeError as problem:
                str(problem).encode()
