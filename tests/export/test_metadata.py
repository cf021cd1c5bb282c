import onnx

from hemascope.export.metadata import set_card
from hemascope.predict.card import METADATA_KEY, ModelCard


def test_replaces_the_card_alone():
    model = onnx.ModelProto()
    onnx.helper.set_model_props(model, {METADATA_KEY: "old", "other": "kept"})
    card = ModelCard("new", ("a", "b"), 32)
    set_card(model, card)
    assert {item.key: item.value for item in model.metadata_props} == {METADATA_KEY: card.to_json(), "other": "kept"}
