"""What labels of a client's cells teach: told, sent back, and never kept."""

import base64
import json

import numpy as np
import pytest

import hemascope
from tests.adapt.labelled_cells import write_cells, write_remembering
from tests.adapt.model import CLASSES
from tests.predict.model import write_model
from tests.serve.test_app import form, problem

NAMES = (*CLASSES, "blast")


@pytest.fixture(scope="module")
def remembering(tmp_path_factory):
    return write_remembering(tmp_path_factory.mktemp("remembering") / "model.onnx")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Path and class of twelve cells of each class."""
    folder = write_cells(tmp_path_factory.mktemp("cells") / "slide", 12, NAMES)
    return [(path, path.parent.name) for path in sorted(folder.rglob("*.png"))]


@pytest.fixture
def client(client_of, remembering):
    return client_of(model=str(remembering))


def send(client, path, cells, **about):
    files = form(*((str(place), cell.read_bytes()) for place, (cell, _) in enumerate(cells)))
    return client.post(path, files=files, data={"about": json.dumps(about)} if about else {})


def labels(cells):
    return [label for _, label in cells]


def said(response):
    return [answer["label"] for answer in response.json()["predictions"]]


def test_labels_teach_a_head_that_goes_back_with_the_images(client, cells, remembering, tmp_path):
    used, rest = cells[::2], cells[1::2]
    lesson = send(client, "/v1/teach", used, labels=labels(used)).json()
    assert lesson["better"]
    assert lesson["heading"] == "24 labelled cells of 4 classes, by cross-validation"
    assert "of 24 labelled cells are right before" in lesson["comparison"]
    assert {"name": "Blast (6, new)", "before": "", "after": "100%"} in lesson["rows"]
    found = send(client, "/v1/predict", rest, taught=lesson["taught"])
    assert np.mean([one == label for one, label in zip(said(found), labels(rest), strict=True)]) >= 0.9
    assert said(send(client, "/v1/predict", rest)) != said(found)  # nobody else's answers are changed
    assert 'hemascope_images_total{label="other"}' in client.get("/metrics").text  # no name of a client's
    assert "blast" not in client.get("/metrics").text
    heat = client.post("/v1/heat?label=blast", files=form(("a", rest[0][0].read_bytes())),
                       data={"about": json.dumps({"taught": lesson["taught"]})})  # fmt: skip
    assert heat.json()["label"] == "blast"

    file = send(client, "/v1/taught", used, labels=labels(used))
    (tmp_path / "taught.onnx").write_bytes(file.content)
    taught = hemascope.load(tmp_path / "taught.onnx")
    assert taught.classes == NAMES
    assert taught.card.adapted["source"] == hemascope.load(remembering).digest
    assert [one.label for one in taught([path for path, _ in rest])] == said(found)
    assert "hemascope_upload_bytes 0.0" in client.get("/metrics").text


def test_a_zoom_goes_with_the_images_and_into_the_file(client, cells, tmp_path):
    used = cells[::2]
    lesson = send(client, "/v1/teach", used, labels=labels(used), zoom=1.3).json()
    there = send(client, "/v1/predict", cells, zoom=1.3, taught=lesson["taught"])
    (tmp_path / "a.onnx").write_bytes(send(client, "/v1/taught", used, labels=labels(used), zoom=1.3).content)
    taught = hemascope.load(tmp_path / "a.onnx")
    assert taught.card.zoom == 1.3
    for answer, own in zip(there.json()["predictions"], taught([path for path, _ in cells]), strict=True):
        assert answer["probabilities"] == pytest.approx(own.probabilities, abs=1e-4)


def test_cells_without_a_label_teach_beside_those_with_one(client, cells, tmp_path):
    used, rest = cells[::2], cells[1::2]
    alone = send(client, "/v1/teach", used, labels=labels(used)).json()
    several = [*rest, *used, used[0]]  # a copy of a labelled one is no other
    given = [*[None] * len(rest), *labels(used), None]
    lesson = send(client, "/v1/teach", several, labels=given).json()
    assert lesson["heading"] == "24 labelled and 24 unlabelled cells, by cross-validation"
    assert lesson["taught"]["weight"] != alone["taught"]["weight"]
    assert lesson["lines"] == alone["lines"]
    found = send(client, "/v1/predict", rest, taught=lesson["taught"])
    (tmp_path / "taught.onnx").write_bytes(send(client, "/v1/taught", several, labels=given).content)
    taught = hemascope.load(tmp_path / "taught.onnx")
    assert taught.card.adapted["unlabelled"] == 24
    assert [one.label for one in taught([path for path, _ in rest])] == said(found)


def test_what_is_left_out_is_said(client, cells):
    used = [*cells[::2], *cells[:3], (cells[3][0], "smudge cell")]
    broken = client.post("/v1/teach", files=[*form(*((str(i), cell.read_bytes()) for i, (cell, _) in enumerate(used))),
                         *form(("bad", b"no picture"))],
                         data={"about": json.dumps({"labels": [*labels(used), "platelet"]})}).json()  # fmt: skip
    assert broken["lines"][0] == "Left out: 3, which are copies, cannot be read, or had no time."
    assert broken["lines"][1] == "Left out: Smudge cell (1); a new class needs 5."


def test_a_head_that_is_no_better_is_not_given(client, cells):
    wanted = said(send(client, "/v1/predict", cells))
    lesson = send(client, "/v1/teach", cells, labels=wanted).json()
    assert (lesson["better"], lesson["taught"]) == (False, None)
    problem(send(client, "/v1/taught", cells, labels=wanted), 422, "not-better")


def test_labels_that_cannot_teach(client_of, remembering, cells, tmp_path):
    client = client_of(model=str(remembering))
    assert "labels: 1, and there are 48 images" in problem(
        send(client, "/v1/teach", cells, labels=["a"]), 422, "unusable-about"
    )
    problem(send(client, "/v1/teach", cells), 422, "unusable-about")
    problem(send(client, "/v1/teach", cells[:3], labels=labels(cells[:3])), 422, "not-teachable")
    forgetful = client_of(model=str(write_model(tmp_path / "m.onnx")))
    told = problem(send(forgetful, "/v1/teach", cells, labels=labels(cells)), 422, "not-teachable")
    assert told.startswith("it carries no memory of its classes")


def test_hostile_heads_and_zooms_are_refused(client, cells):
    lesson = send(client, "/v1/teach", cells, labels=labels(cells)).json()["taught"]

    def numbers(*values):
        return base64.b64encode(np.array(values, "<f4").tobytes()).decode()

    for about, why in (
        ({"zoom": 1.31}, "zoom: one of 0.6, "),
        ({"zoom": "far"}, "zoom: "),
        ({"more": 1}, "more: "),
        ({"taught": {}}, "taught.classes: "),
        ({"taught": {**lesson, "weight": numbers(1, 2)}}, "its numbers are not 4 x 5"),
        ({"taught": {**lesson, "bias": numbers(*[np.nan] * 4)}}, "its numbers are not 4 that are finite"),
        ({"taught": {**lesson, "bias": "?"}}, "its numbers are not 4 that are finite"),
        ({"taught": {**lesson, "classes": ["a", *lesson["classes"][1:]]}}, "not taught by this service's model"),
        ({"taught": {**lesson, "classes": [*CLASSES, "x" * 101]}}, "not taught by this service's model"),
        ({"taught": {**lesson, "levels": [0.9]}}, "not taught by this service's model"),
        ({"taught": {**lesson, "threshold": 0.5}}, "not taught by this service's model"),
    ):
        assert why in problem(send(client, "/v1/predict", cells[:1], **about), 422, "unusable-about")
    huge = {**lesson, "bias": numbers(*[3e38] * 4), "weight": numbers(*[-3e38] * 20)}
    found = send(client, "/v1/predict", cells[:1], taught=huge)  # of no use to anybody, and of no harm
    assert sum(found.json()["predictions"][0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_what_a_form_may_say_is_bounded(client, cells):
    files = form(("a", cells[0][0].read_bytes()))
    problem(client.post("/v1/predict", files=files, data={"about": "x" * (1 << 20) + "y"}), 413, "body-too-large")
    problem(client.post("/v1/predict", files=files, data={"about": ["{}", "{}"]}), 422, "no-image")
    problem(client.post("/v1/picture", files=files, data={"about": "{}"}), 422, "no-image")
