"""Changed model files: whole, usable, or not written."""

from dataclasses import replace
from pathlib import Path

import onnx
import pytest

import hemascope
from hemascope.adapt.save import save_model
from hemascope.errors import ModelFileError
from hemascope.predict.classifier import Classifier
from tests.adapt.model import write_model


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_model(tmp_path / "m.onnx")


def refuse(classifier: Classifier) -> None:
    raise AssertionError(f"{classifier.card.name} is refused")


def test_a_model_is_written_with_its_card_and_can_be_opened(path: Path) -> None:
    before = hemascope.load(path)
    seen: list[str] = []
    card = replace(before.card, name="changed")
    save_model(onnx.load(path), path, card, check=lambda classifier: seen.append(classifier.card.name))
    assert seen == [hemascope.load(path).card.name] == ["changed"]
    save_model(onnx.load(path), path.with_name("same.onnx"))
    assert hemascope.load(path.with_name("same.onnx")).card == card


def test_what_cannot_be_used_or_is_refused_leaves_the_former_file(path: Path) -> None:
    former, model = path.read_bytes(), onnx.load(path)
    with pytest.raises(AssertionError, match="is refused"):
        save_model(model, path, check=refuse)
    del model.graph.node[-1]
    with pytest.raises(ModelFileError):
        save_model(model, path)
    assert path.read_bytes() == former
    assert [one.name for one in path.parent.iterdir()] == ["m.onnx"]
