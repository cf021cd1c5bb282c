"""A card is checked as a whole, whoever wrote it."""

import json
from dataclasses import fields

import pytest

import hemascope
from hemascope.errors import ModelFileError
from hemascope.predict import card_schema, shipped
from hemascope.predict.card import METADATA_KEY, ModelCard
from tests.predict.hostile import edited
from tests.predict.model import CLASSES, write_model

GOOD = json.loads(ModelCard("m", CLASSES, 8, unknown={"threshold": 0.5}).to_json())
SEEN = {"names": ["n"], "values": [["a", "b"]], "classes": ["a"], "sure": 0.8}
SETS = {"coverage": [0.9, 0.99], "thresholds": [0.4]}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"classes": [["a"], "b", "c"]}, "classes is not a list of different names"),
        ({"classes": ["a", None, "c"]}, "classes is not"),
        ({"classes": ["a", "a", "c"]}, "classes is not"),
        ({"classes": ["a", "", "c"]}, "classes is not"),
        ({"classes": []}, "classes is not"),
        ({"classes": "abc"}, "classes is not"),
        ({"classes": {"a": 1, "b": 2, "c": 3}}, "classes is not"),
        ({"name": None}, "name is not a text"),
        ({"name": ["m"]}, "name is not a text"),
        ({"name": "half a letter \ud800"}, "name is not a text"),
        ({"classes": ["a", "\udc00", "c"]}, "classes is not"),
        ({"input_size": 0}, "input_size is not a whole number from 1 to 4096"),
        ({"input_size": "8"}, "input_size is not"),
        ({"input_size": True}, "input_size is not"),
        ({"input_size": 10**400}, "input_size is not"),
        ({"temperature": 0}, "temperature is not a number above 0"),
        ({"temperature": float("inf")}, "temperature is not"),
        ({"temperature": "1"}, "temperature is not"),
        ({"parameters": -1}, "parameters is not"),
        ({"unknown": {"threshold": "0.5"}}, "unknown is not an object with a threshold that is a number"),
        ({"unknown": {"threshold": float("nan")}}, "unknown is not"),
        ({"unknown": {"threshold": None}}, "unknown is not"),
        ({"unknown": [0.5]}, "unknown is not"),
        ({"conformal": SETS}, "conformal is not"),
        ({"attributes": {"names": ["n"]}}, "attributes is not an object of names"),
        ({"attributes": SEEN | {"values": [["a"], ["b"]]}}, "attributes is not"),
        ({"attributes": SEEN | {"values": [["a", "a"]]}}, "attributes is not"),
        ({"attributes": SEEN | {"names": ["n", "n"]}}, "attributes is not"),
        ({"attributes": SEEN | {"classes": [1]}}, "attributes is not"),
        ({"attributes": SEEN | {"sure": float("nan")}}, "attributes is not"),
        ({"conformal": {"coverage": [2], "thresholds": [0.5]}}, "conformal is not"),
        ({"conformal": {"coverage": 0.9, "thresholds": 0.5}}, "conformal is not"),
        ({"scores": {"accuracy": 0.9}}, "scores is not"),
        ({"scores": {"accuracy": {"value": float("-inf")}}}, "scores is not"),
        ({"data": {"images": 10**400}}, "data is not"),
        ({"data": "pbc"}, "data is not"),
        ({"recipe": {"augment": []}}, "recipe is not"),
        ({"adapted": {"images": 1.5}}, "adapted is not"),
        ({"adapted": {"zoom": 0}}, "adapted is not"),
        ({"adapted": {"zoom": "1.3"}}, "adapted is not"),
        ({"confusion": {"counts": [[1.5]]}}, "confusion is not an object of counts, a list a class"),
        ({"confusion": {"counts": [1, 2]}}, "confusion is not"),
        ({"confusion": {"flagged": [-1]}}, "confusion is not"),
        ({"limits": 3}, "limits is not"),
        ({"data": {"a": json.loads("[" * 50 + "]" * 50)}}, "data is not"),
    ],
)
def test_fields_of_another_kind_are_refused_by_name(tmp_path, changed, words):
    path = write_model(tmp_path / "m.onnx", card=json.dumps({**GOOD, **changed}), unknown=0.5)
    with pytest.raises(ModelFileError, match=rf"m\.onnx: its hemascope metadata cannot be read .*{words}"):
        hemascope.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "[]",
        "null",
        '{"format_version": 1e999}',
        '{"format_version": null}',
        "9" * 9999,
    ],
)
def test_json_that_is_no_card_is_refused(tmp_path, text):
    with pytest.raises(ModelFileError, match=r"m\.onnx: its hemascope metadata cannot be read"):
        hemascope.load(write_model(tmp_path / "m.onnx", card=text))


@pytest.mark.parametrize("field", ["name", "classes", "input_size"])
def test_what_is_needed_is_named(tmp_path, field):
    card = json.dumps({key: value for key, value in GOOD.items() if key != field})
    with pytest.raises(ModelFileError, match=f"it lacks {field}"):
        hemascope.load(write_model(tmp_path / "m.onnx", card=card))


def test_a_flipped_byte_of_the_metadata_is_said(tmp_path):
    path = write_model(tmp_path / "m.onnx")
    content = path.read_bytes()
    for at in (content.rindex(b'"name"'), content.rindex(METADATA_KEY.encode())):
        path.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
        with pytest.raises(ModelFileError, match=r"m\.onnx: (its metadata are damaged|.*without hemascope's metadata)"):
            hemascope.load(path)


def test_every_field_is_checked():
    assert {field.name for field in fields(ModelCard)} <= card_schema._FIELDS.keys()


def test_further_fields_and_keys_are_passed_over(tmp_path):
    card = json.dumps({**GOOD, "later": object.__name__, "unknown": {"threshold": 0.25, "later": [1, "a"]}})
    assert hemascope.load(write_model(tmp_path / "m.onnx", unknown=0.5, card=card)).unknown_threshold == 0.25


@pytest.mark.parametrize("name", shipped.names())
def test_the_cards_of_the_shipped_models_pass(name):
    hemascope.load(name)


def test_other_metadata_are_not_asked(tmp_path):
    path = edited(tmp_path / "m.onnx", lambda model: model.metadata_props.add(key="x", value="[" * 9999))
    assert hemascope.load(path).classes == CLASSES
