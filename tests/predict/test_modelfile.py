import json

import pytest
from onnx import TensorProto

import hemascope
from hemascope.errors import ModelFileError
from hemascope.predict import shipped
from tests.predict.model import CLASSES, write_model


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelFileError, match=r"gone\.onnx: no such file"):
        hemascope.load(tmp_path / "gone.onnx")


@pytest.mark.parametrize("content", [b"", b"no model", bytes(500)])
def test_a_file_that_is_not_onnx_is_named(tmp_path, content, capfd):
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"bad\.onnx"):
        hemascope.load(path)
    assert capfd.readouterr().err == ""


def test_a_truncated_model_is_refused(tmp_path):
    path = write_model(tmp_path / "m.onnx")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelFileError, match=r"m\.onnx"):
        hemascope.load(path)


def test_onnx_without_the_card_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="without hemascope's metadata"):
        hemascope.load(write_model(tmp_path / "m.onnx", card=None))


def test_a_damaged_card_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="metadata cannot be read"):
        hemascope.load(write_model(tmp_path / "m.onnx", card="{"))


def test_a_newer_format_says_to_upgrade(tmp_path):
    card = json.dumps({"format_version": 99, "name": "m", "classes": CLASSES, "input_size": 8})
    with pytest.raises(ModelFileError, match=r"format 99.*pip install --upgrade"):
        hemascope.load(write_model(tmp_path / "m.onnx", card=card))


@pytest.mark.parametrize("images", [("pictures", TensorProto.UINT8), ("images", TensorProto.FLOAT)])
def test_other_inputs_are_refused(tmp_path, images):
    with pytest.raises(ModelFileError, match="its inputs are"):
        hemascope.load(write_model(tmp_path / "m.onnx", images=images))


def test_a_missing_output_is_named(tmp_path):
    with pytest.raises(ModelFileError, match="'features' is missing"):
        hemascope.load(write_model(tmp_path / "m.onnx", outputs=("probabilities",)))


def test_as_many_probabilities_as_classes(tmp_path):
    with pytest.raises(ModelFileError, match="3 probabilities, but 2 classes"):
        hemascope.load(write_model(tmp_path / "m.onnx", classes=("a", "b")))


def test_a_run_folder_stands_for_its_model(tmp_path):
    write_model(tmp_path / "model.onnx")
    assert hemascope.load(tmp_path).classes == CLASSES
    with pytest.raises(ModelFileError, match="holds no model"):
        hemascope.load(tmp_path.parent)


def test_shipped_models_are_known_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "WEIGHTS", tmp_path)
    with pytest.raises(ModelFileError, match=f"{shipped.DEFAULT!r} is neither"):
        hemascope.load()
    write_model(tmp_path / f"{shipped.DEFAULT}.onnx")
    assert hemascope.load().classes == CLASSES
    with pytest.raises(ModelFileError, match=f"Shipped models: {shipped.DEFAULT}"):
        hemascope.load("standrad")


def test_a_score_without_its_threshold_is_refused(tmp_path):
    card = json.dumps({"format_version": 1, "name": "m", "classes": CLASSES, "input_size": 8})
    with pytest.raises(ModelFileError, match="one only of the output 'unknown'"):
        hemascope.load(write_model(tmp_path / "m.onnx", unknown=0.5, card=card))
