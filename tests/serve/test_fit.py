"""The zoom and the head that fit a client's cells without labels: told, sent back, and never kept."""

import numpy as np
import pytest

import hemascope
from hemascope.adapt import choice
from hemascope.adapt.agreement import METHOD
from hemascope.adapt.head import Head as Linear
from hemascope.predict.card import ModelCard
from hemascope.serve import single
from hemascope.serve.adapted import Head, _card
from tests.adapt.labelled_cells import write_remembering
from tests.adapt.model import write_model
from tests.adapt.test_agreement import looks_at_rows, striped
from tests.serve.test_app import problem
from tests.serve.test_teach import said, send


@pytest.fixture(scope="module")
def turning(tmp_path_factory):
    """A model that calls cells otherwise when they are turned, and 40 such cells, as `send` takes them."""
    folder = tmp_path_factory.mktemp("turning")
    model = looks_at_rows(write_remembering(folder / "model.onnx"))
    return model, [(path, "") for path in sorted(striped(folder / "cells", model).iterdir())]


@pytest.fixture
def client(client_of, turning):
    return client_of(model=str(turning[0]))


@pytest.mark.parametrize("zoom", [1, 0.85])
def test_a_head_is_fitted_goes_back_with_the_images_and_into_a_file(client, turning, tmp_path, zoom):
    model, cells = turning
    found = send(client, "/v1/fit", cells, zoom=zoom).json()
    assert (found["zoom"], found["images"], found["taught"]["labelled"]) == (zoom, 40, False)
    assert found["differing"] > 0.05
    assert found["rows"][-1]["name"] == "Same label when turned"
    assert found["lines"][-1].startswith("The head was fitted: ")
    before = said(send(client, "/v1/predict", cells))
    after = send(client, "/v1/predict", cells, zoom=zoom, taught=found["taught"])
    changed = [
        {"file": str(place), "before": was, "after": now}
        for place, (was, now) in enumerate(zip(before, said(after), strict=True))
        if was != now
    ]
    assert found["changed"] == changed
    assert changed
    (tmp_path / "fitted.onnx").write_bytes(send(client, "/v1/fitted", cells, zoom=zoom).content)
    fitted = hemascope.load(tmp_path / "fitted.onnx")
    assert fitted.card.adapted["method"].endswith(METHOD)
    assert (fitted.card.zoom, fitted.card.adapted["source"]) == (zoom, hemascope.load(model).digest)
    for answer, own in zip(after.json()["predictions"], fitted([path for path, _ in cells]), strict=True):
        assert answer["probabilities"] == pytest.approx(own.probabilities, abs=1e-4)
    assert "hemascope_upload_bytes 0.0" in client.get("/metrics").text


def test_a_zoom_is_chosen_by_some_of_the_images(client, turning, monkeypatch):
    monkeypatch.setattr("hemascope.serve.fit.LOOKED", 32)
    looked = []

    def choose(seen):
        looked.append(seen.shape)
        return choice.Choice(1.15, choice.ZOOMS, (), "it is best")

    monkeypatch.setattr(choice, "choose", choose)

    found = send(client, "/v1/fit", turning[1]).json()
    assert looked == [(len(choice.ZOOMS), 32, 3)]
    assert (found["zoom"], found["images"]) == (1.15, 40)
    assert found["lines"][0] == "Zoom 1.15: it is best."


def test_too_few_images_change_nothing(client, turning, monkeypatch):
    few = send(client, "/v1/fit", turning[1][:10]).json()
    nothing = {"zoom": 1, "taught": None, "differing": None, "images": 0, "changed": [], "rows": []}
    assert {name: few[name] for name in nothing} == nothing
    assert few["lines"] == [
        "No zoom: too few images could be looked at.",
        "The head stays: too few images could be looked at.",
    ]
    assert "too few images" in problem(send(client, "/v1/fitted", turning[1][:10]), 422, "not-better")
    monkeypatch.setattr(single, "_TIME", 0)
    assert send(client, "/v1/fit", turning[1]).json()["images"] == 0


def test_a_model_without_a_memory_keeps_its_head(client_of, turning, tmp_path):
    client = client_of(model=str(looks_at_rows(write_model(tmp_path / "old.onnx"))))
    found = send(client, "/v1/fit", turning[1], zoom=0.85).json()
    assert (found["zoom"], found["taught"], found["differing"], found["images"]) == (0.85, None, None, 40)
    assert found["lines"][1] == "The head stays: the file carries no memory of its classes that would hold it."
    (tmp_path / "zoomed.onnx").write_bytes(send(client, "/v1/fitted", turning[1], zoom=0.85).content)
    assert hemascope.load(tmp_path / "zoomed.onnx").card.zoom == 0.85


def test_what_is_said_of_the_images_is_looked_at(client_of, turning):
    client = client_of(model=str(turning[0]), max_files=40)
    assert "zoom: one of 0.6, " in problem(send(client, "/v1/fit", turning[1], zoom=1.31), 422, "unusable-about")
    assert "labels: " in problem(send(client, "/v1/fitted", turning[1], labels=[]), 422, "unusable-about")
    problem(send(client, "/v1/fit", [*turning[1], turning[1][0]]), 413, "too-many-files")


@pytest.mark.parametrize(("labelled", "look"), [(False, {"limit": 4}), (True, {})])
def test_without_labels_the_colours_of_the_calibration_hold(labelled, look):
    card = ModelCard("m", ("a", "b"), 8, look={"limit": 4})
    head = Head.of(Linear(np.zeros((2, 1)), np.zeros(2)), card, labelled=labelled)
    assert _card(card, Head(**head.model_dump())).look == look
