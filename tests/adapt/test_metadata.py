"""The statistics that travel in the metadata of a model file."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from hemascope.adapt.metadata import NORMS_KEY, Norm, read_norms, set_card, store_norms
from hemascope.errors import ModelFileError
from hemascope.predict.card import METADATA_KEY, ModelCard
from tests.adapt.model import norms, write_model


def test_what_is_stored_is_read_exactly(tmp_path: Path) -> None:
    model = onnx.load(write_model(tmp_path / "m.onnx"))
    found = read_norms(model)
    assert found.keys() == norms().keys()
    for name, norm in norms().items():
        np.testing.assert_array_equal(found[name].mean, norm.mean)
        np.testing.assert_array_equal(found[name].std, norm.std)


def test_names_match_by_their_end_and_others_are_left_out(tmp_path: Path) -> None:
    norm = Norm(np.zeros(4, "f4"), np.ones(4, "f4"))
    stored = {"first.weight": norm, "irst.weight": Norm(norm.mean + 1, norm.std), "elsewhere.weight": norm}
    found = read_norms(onnx.load(write_model(tmp_path / "m.onnx", stored=stored)))
    assert list(found) == ["net.first.weight"]
    assert not found["net.first.weight"].mean.any()


def test_storing_replaces_only_its_own_entry(tmp_path: Path) -> None:
    model = onnx.load(write_model(tmp_path / "m.onnx"))
    store_norms(model, norms(1))
    assert [entry.key for entry in model.metadata_props] == [METADATA_KEY, NORMS_KEY]
    np.testing.assert_array_equal(read_norms(model)["net.first.weight"].mean, norms(1)["net.first.weight"].mean)
    store_norms(model, {})
    assert [entry.key for entry in model.metadata_props] == [METADATA_KEY]
    assert read_norms(model) == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ('{"format_version": 1}', "cannot be read"),
        ('{"format_version": 1, "norms": {"a": ["!", "!"]}}', "cannot be read"),
        ('{"format_version": 9, "norms": {}}', "newer"),
    ],
)
def test_damaged_or_newer_statistics_are_refused(text: str, what: str) -> None:
    model = onnx.ModelProto()
    model.metadata_props.add(key=NORMS_KEY, value=text)
    with pytest.raises(ModelFileError, match=what):
        read_norms(model, "m.onnx")


def test_replaces_the_card_alone():
    model = onnx.ModelProto()
    onnx.helper.set_model_props(model, {METADATA_KEY: "old", "other": "kept"})
    card = ModelCard("new", ("a", "b"), 32)
    set_card(model, card)
    assert {item.key: item.value for item in model.metadata_props} == {METADATA_KEY: card.to_json(), "other": "kept"}
