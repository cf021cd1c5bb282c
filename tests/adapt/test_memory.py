import numpy as np
import onnx

from hemascope.adapt.memory import EACH, MEMORY_KEY, Memory, read_memory, remember, store_memory
from hemascope.adapt.metadata import read_norms, store_norms
from hemascope.predict.card import METADATA_KEY
from hemascope.predict.shipped import find, names
from tests.adapt.model import CLASSES, norms, write_model


def test_what_is_stored_is_read_at_eight_bits_and_the_rest_stays(tmp_path):
    model = onnx.load(write_model(tmp_path / "m.onnx"))
    features = np.random.default_rng(0).normal(size=(10, 5)).astype("f4")
    for _ in range(2):  # the second takes the place of the first
        store_memory(model, Memory(CLASSES, np.arange(10) % 3, features))
    assert [entry.key for entry in model.metadata_props].count(MEMORY_KEY) == 1
    assert METADATA_KEY in [entry.key for entry in model.metadata_props]
    store_norms(model, norms())
    assert read_norms(model).keys() == norms().keys()
    found = read_memory(model)
    assert found.classes == CLASSES
    assert found.targets.tolist() == (np.arange(10) % 3).tolist()
    assert np.abs(found.features - features).max() <= np.abs(features).max() / 127


def test_a_file_without_has_none(tmp_path):
    assert read_memory(onnx.load(write_model(tmp_path / "m.onnx"))) is None


def test_half_are_the_hardest_that_are_right():
    n = 200
    p = np.linspace(0.3, 0.99, n)
    probabilities = np.stack([p, 1 - p], axis=1)
    found = remember(("a", "b"), np.arange(n, dtype="f4")[:, None], np.zeros(n, int), probabilities)
    assert len(found.targets) == EACH
    right = np.flatnonzero(p > 0.5)
    assert found.features[:12, 0].astype(int).tolist() == right[:12].tolist()
    assert set(found.features[:, 0].astype(int)) <= set(right)


def test_the_shipped_models_remember_their_classes():
    for name in names():
        found = read_memory(onnx.load(find(name)))
        assert np.bincount(found.targets).tolist() == [EACH] * 8
        assert found.features.shape[1] == 1280
