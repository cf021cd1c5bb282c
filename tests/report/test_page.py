import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise
from hemascope.predict.card import ModelCard
from hemascope.report.page import write_report

from .conftest import draw_images, plausible_logits, write_run

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """Reads a page: fails on tags that do not close; keeps text, attributes, ids and levels of headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.stack == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if "style" not in self.stack:
            self.words.append(data)

    def values(self, *keys: str) -> list[str]:
        return [value for _, key, value in self.attributes if key in keys]


def page(run, card=None) -> Page:
    return Page(write_report(run, card).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, str]:
    """A Run and its page, for tests that only read them."""
    folder = tmp_path_factory.mktemp("made")
    run = write_run(folder / "run", draw_images(folder / "images", 400))
    card = ModelCard("standard", BLOOD_CLASSES, 96, network="lite0", parameters=3_381_640, data={"name": "PBC"})
    return run, write_report(run, card).read_text(encoding="utf-8")


def test_says_the_numbers_of_the_metrics(made):
    run, html = made
    shown = Page(html)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics == summarise(Predictions.read(run / "predictions.parquet"))
    test = metrics["splits"]["test"]
    accuracy = test["scores"]["accuracy"]
    span = f"{100 * accuracy['low']:.1f}–{100 * accuracy['high']:.1f}"  # noqa: RUF001
    assert f"On 80 images kept apart (test), {100 * accuracy['value']:.1f}% right [{span}]." in shown.text
    for name in BLOOD_CLASSES:
        part = test["classes"][name]
        values = [f"{100 * part[key]['value']:.1f}%" for key in ("precision", "recall", "f1")]
        row = shown.text[shown.text.index("By class") :]
        title = name.replace("_", " ").capitalize()
        row = row[row.index(f"{title} {part['support']} ") :][:140]
        for value in values:
            assert value.replace("100.0%", "100%") in row
    assert f"{test['calibration']['after']['ece']:.4f}" in shown.text
    assert f"{np.array(test['confusion']).sum() - np.trace(test['confusion'])} of 80 images are wrong" in shown.text


def test_asks_for_nothing_from_outside(made):
    _, html = made
    shown = Page(html)
    for address in shown.values("src", "href", "xlink:href", "action", "data", "srcset"):
        assert address.startswith(("#", "data:image/jpeg;base64,"))
    assert not re.search(r"https?:", html)
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)]*)", html))
    assert "@import" not in html
    assert not {"script", "link", "iframe", "object"} & set(shown.tags)
    assert not [key for _, key, _ in shown.attributes if key.startswith("on")]


def test_links_lead_somewhere_and_ids_are_unique(made):
    shown = Page(made[1])
    ids = shown.values("id")
    assert len(ids) == len(set(ids))
    for target in shown.values("href", "aria-labelledby"):
        assert target.removeprefix("#") in ids


def test_figures_and_pictures_are_described(made):
    run, html = made
    shown = Page(html)
    described = [value for tag, key, value in shown.attributes if (tag, key) == ("svg", "aria-label")]
    assert len(described) == 5
    assert all(described)
    alternatives = [value for tag, key, value in shown.attributes if (tag, key) == ("img", "alt")]
    wrong = Predictions.read(run / "predictions.parquet").of("test")
    assert len(alternatives) == min(24, (wrong.targets != wrong.predicted).sum()) > 0
    assert alternatives[0].startswith("Image labelled ")


def test_hostile_names_stay_text(tmp_path):
    classes = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "a$b$ & {{ 7*7 }}")
    manifest = draw_images(tmp_path / "images", 90, classes)
    hostile = tmp_path / "images" / "<b>bold&'.png"
    paths = manifest.table["path"].tolist()
    for i in range(9, len(paths)):
        paths[i] = str(hostile)
    errors = ["<script>alert(3)</script>", *[""] * 89]
    run = write_run(tmp_path / "<i>run</i>", manifest.with_columns(path=paths, error=errors), margin=3.0)
    (run / "recipe.yaml").write_text("name: </pre><script>alert(4)</script>\n")
    card = ModelCard("<u>model</u>", classes, 96, limits="<s>none</s>", network="</dd>")
    shown = page(run, card)
    assert not {"script", "b", "i", "u", "s"} & set(shown.tags)
    assert not [key for _, key, _ in shown.attributes if key.startswith("on")]
    assert "{{ 7*7 }}" in shown.text
    assert "<b>bold&'.png" in shown.text
    assert "<script>alert(4)</script>" in shown.text


def test_without_a_test_part_it_says_that_it_is_optimistic(tmp_path, dots):
    run = write_run(tmp_path / "run", dots.rows(dots.table["split"] != "test"))
    assert "Optimistic: there is no test part." in page(run).text


def test_data_left_out_and_identical_images_are_told(tmp_path, dots):
    errors = [""] * len(dots)
    errors[0] = f"{dots.table['path'][0]}: truncated file"
    group = np.full(len(dots), -1)
    group[[1, 2, 3]] = 5
    run = write_run(tmp_path / "run", dots.with_columns(error=errors, group=group))
    text = page(run).text
    assert "400 images, of which 399 are used." in text
    assert "1 truncated file class_0/0.png" in text
    assert "3 images fall into 1 group of copies. Each group lies in one split only" in text


def test_card_and_use(made):
    text = Page(made[1]).text
    assert "Not a medical device." in text
    assert "lite0, 3,381,640 weights" in text
    assert "hemascope predict IMAGES --model run/model.onnx -o predictions.csv" in text


def test_predictions_alone_are_enough(tmp_path):
    rows = Manifest.build(["a.png", "b.png", "c.png"], ["x", "y", "y"], ["x", "y"])
    Predictions.build(rows, np.eye(2)[[0, 1, 0]] * 3).write(tmp_path / "predictions.parquet")
    text = page(tmp_path).text
    assert "On 3 images, 66.7% right" in text
    assert "A finished model was scored on these images." in text
    assert "image not at hand" in text


def test_no_mistakes_and_an_absent_class(tmp_path):
    rows = Manifest.build(["a.png", "b.png"], ["x", "y"], ["x", "y", "z"], splits=["test"] * 2)
    Predictions.build(rows, np.eye(3)[[0, 1]] * 9).write(tmp_path / "predictions.parquet")
    text = page(tmp_path).text
    assert "There are none on test." in text
    assert "left out of the means over classes: z." in text
    assert "rule of three" in text


@pytest.mark.parametrize(("splits", "told"), [(("val", "test"), False), (("train", "test"), True)])
def test_a_train_row_is_spoken_of_only_where_there_is_one(tmp_path, splits, told):
    rows = Manifest.build(["a.png", "b.png"], ["x", "y"], ["x", "y"], splits=splits)
    Predictions.build(rows, np.eye(2) * 3).write(tmp_path / "predictions.parquet")
    text = page(tmp_path).text
    assert "By split" in text
    assert ("learning by heart" in text) == told


def test_many_classes(tmp_path):
    classes = tuple(f"class_{i:02d}" for i in range(40))
    rows = draw_images(tmp_path / "images", 200, classes)
    Predictions.build(rows, plausible_logits(rows, 8.0)).write(tmp_path / "predictions.parquet")
    assert "Class 39" in page(tmp_path).text


def test_folders_that_are_no_run(tmp_path):
    with pytest.raises(RunError, match="there is no such folder"):
        write_report(tmp_path / "none")
    with pytest.raises(RunError, match="there is no predictions table"):
        write_report(tmp_path)
    Predictions.build(Manifest.build(["a"], [""], ["x", "y"]), np.zeros((1, 2))).write(tmp_path / "predictions.parquet")
    with pytest.raises(RunError, match="no predicted image has a known label"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_broken_model_file_does_not_cost_the_report(run):
    (run / "model.onnx").write_bytes(b"no model")
    assert "Not a medical device." in page(run).text


def test_the_same_run_gives_the_same_page(tmp_path):
    rows = Manifest.build(["a.png", "b.png"], ["x", "y"], ["x", "y"])
    Predictions.build(rows, np.eye(2)).write(tmp_path / "predictions.parquet")
    assert write_report(tmp_path).read_text() == write_report(tmp_path).read_text()
