from pathlib import Path

import numpy as np
import onnx
import pytest

from hemascope.adapt import refit as moments
from hemascope.adapt.graph import find_layers
from hemascope.adapt.refit import measure
from tests.adapt.model import some_images, write_model
from tests.told import Told


@pytest.fixture
def model(tmp_path: Path) -> onnx.ModelProto:
    return onnx.load(write_model(tmp_path / "m.onnx"))


def test_batches_are_pooled_exactly_where_no_layer_before_depends_on_them(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, layers = some_images(50), find_layers(model)
    whole = measure(model, layers[:1], images, 0.5)[0]
    monkeypatch.setattr(moments, "BATCH", 7)
    parts = measure(model, layers[:1], images, 0.5)[0]
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-5)
    np.testing.assert_allclose(parts.variance, whole.variance, rtol=1e-4)


def test_progress_reaches_the_number_of_images(model: onnx.ModelProto) -> None:
    told = Told()
    measure(model, find_layers(model), some_images(130), 0.5, progress=told)
    assert told.counts == [("adapting", 65, 130), ("adapting", 130, 130)]
