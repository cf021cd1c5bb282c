import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hemascope.evaluate import tta
from hemascope.export.submission import package
from tests.predict.model import CLASSES, COLOURS, write_model


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """model.py where a submission has it: beside its weights and settings, far from hemascope."""
    folder = tmp_path_factory.mktemp("submission")
    shutil.copy(Path(package.__file__).with_name("model.py"), folder)
    (folder / "submission.json").write_text(json.dumps({"name": "colours", "classes": CLASSES, "views": 3}))
    write_model(folder / "model.onnx")
    spec = importlib.util.spec_from_file_location("submitted", folder / "model.py")
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def images() -> np.ndarray:
    colours = np.array([COLOURS[CLASSES[i % 3]] for i in range(20)], np.uint8)
    return np.broadcast_to(colours[:, None, None], (20, 96, 96, 3)).copy()


@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64", "float16", "unit", "bright"])
def test_the_same_classes_whatever_the_numbers(module: ModuleType, images: np.ndarray, kind: str) -> None:
    scaled = {"unit": images.astype(np.float32) / 255, "bright": images / 253 - 0.004}
    found = module.Model().predict(scaled[kind] if kind in scaled else images.astype(kind))
    assert found.dtype == np.int64
    assert found.tolist() == [i % 3 for i in range(20)]


def test_pixels_come_through_unchanged(module: ModuleType) -> None:
    values = np.arange(256, dtype=np.uint8).repeat(12).reshape(1, 32, 32, 3)
    for given in (values.astype(np.float32), values.astype(np.float32) / 255, values.astype(int)):
        np.testing.assert_array_equal(module._pixels(given, module._scale(given)), values)


def test_a_dark_image_among_floats_is_not_taken_for_another_scale(module: ModuleType, images: np.ndarray) -> None:
    floats = images.astype(np.float32)
    floats[7] = [0.0, 0.9, 0.0]  # almost black, faintly green
    found = module.Model().predict(floats)
    assert np.delete(found, 7).tolist() == [i % 3 for i in range(20) if i != 7]


def test_none_and_one(module: ModuleType, images: np.ndarray) -> None:
    model = module.Model()
    assert model.predict(images[:0]).tolist() == []
    assert model.predict(images[4:5]).tolist() == [1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((96, 96, 3), np.uint8), r"uint8 \(96, 96, 3\)"),
        (np.zeros((2, 96, 96, 1), np.uint8), r"\(2, 96, 96, 1\)"),
        (np.zeros((2, 96, 96, 3), bool), "bool"),
        (np.full((1, 96, 96, 3), np.nan), "neither"),
        (np.linspace(-1, 1, 27648).reshape(1, 96, 96, 3), "from -1 to 1"),
        (np.full((1, 96, 96, 3), 40_000, np.uint16), "40000"),
    ],
)
def test_what_is_no_image_is_refused(module: ModuleType, wrong: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        module.Model().predict(wrong)


def test_its_views_are_those_of_the_evaluation(module: ModuleType) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    for step in range(8):
        np.testing.assert_array_equal(module._view(images, step), tta.view(images, step))
