"""The differential of counted cells over HTTP."""

import pytest

from hemascope.predict.card import ModelCard
from hemascope.predict.differential.differential import differential
from tests.predict.model import CLASSES, write_model
from tests.serve.test_app import problem

CONFUSED = {"counts": [[95, 5, 0], [0, 90, 10], [0, 0, 100]], "method": "cells of the test"}


def ask(client, *called):
    return client.get("/v1/differential", params={"called": called})


def test_it_is_that_of_predict(client_of, tmp_path):
    client = client_of(model=str(write_model(tmp_path / "m.onnx", confusion=CONFUSED)))
    found = ask(client, 60, 30, 10).json()
    expected = differential(
        dict(zip(CLASSES, (60, 30, 10), strict=True)), ModelCard("m", CLASSES, 8, confusion=CONFUSED)
    )
    assert found["corrected"]
    assert [each["name"] for each in found["classes"]] == list(CLASSES)
    assert [(each["value"], each["low"], each["high"]) for each in found["classes"]] == [
        pytest.approx((line.value, line.low, line.high)) for line in expected.lines
    ]
    assert "300 cells of the test" in found["notes"][0]
    assert ask(client, 0, 0, 0).json()["classes"][0] == {"name": CLASSES[0], "value": None, "low": None, "high": None}


def test_without_a_confusion_it_is_as_called(client):
    found = ask(client, 1, 1, 2).json()
    assert not found["corrected"]
    assert [each["value"] for each in found["classes"]] == [25, 25, 50]
    assert "miss the model's errors" in found["notes"][0]


@pytest.mark.parametrize("called", [(), (1, 2), (1, 2, 3, 4), (1, 2, -3), (1, 2, "x"), (1, 2, 1.5), (1, 2, "9" * 5000)])
def test_other_numbers_are_refused(client, called):
    assert "Give 3 whole numbers" in problem(ask(client, *called), 422, "unusable-counts")
