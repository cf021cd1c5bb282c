"""The card in the metadata of an ONNX graph in memory."""

import onnx

from hemascope.predict.card import METADATA_KEY, ModelCard


def set_card(model: onnx.ModelProto, card: ModelCard) -> None:
    """Put a card in, in the place of the one that is there; other metadata stay."""
    kept = {item.key: item.value for item in model.metadata_props}
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {**kept, METADATA_KEY: card.to_json()})
