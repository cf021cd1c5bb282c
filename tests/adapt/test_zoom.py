"""A zoom in the graph: what it shows of a picture, against numpy; that it can be changed and taken off."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from hemascope import load
from hemascope.adapt.zoom import frame_at, with_zoom
from hemascope.data.framing import frame
from hemascope.errors import ModelFileError
from hemascope.predict.classifier import Classifier
from tests.adapt.model import write_model

ZOOMS = (0.6, 0.8, 1.3, 1.8)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


def zoomed(image: np.ndarray, zoom: float) -> np.ndarray:
    """The centred square of side min(h, w) / zoom, with its outermost pixels beyond the border."""
    plane = np.array(image.shape[:2])
    side = max(1, round(plane.min() / zoom))
    kept = np.minimum(plane, side)
    (top, left), (before_y, before_x) = (plane - kept) // 2, (side - kept) // 2
    after_y, after_x = side - kept - (before_y, before_x)
    cut = image[top : top + kept[0], left : left + kept[1]]
    return np.pad(cut, ((before_y, after_y), (before_x, after_x), (0, 0)), mode="edge")


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("plane", [(30, 41), (41, 30), (128, 128), (1, 9), (2, 3), (1, 1)])
def test_it_shows_the_middle_or_more_than_the_square(plane: tuple[int, int], zoom: float) -> None:
    image = noise(*plane)
    np.testing.assert_array_equal(frame_at(image, 16, zoom), frame(zoomed(image, zoom), 16))


def test_a_zoom_below_one_shows_more_of_a_wide_picture_before_it_goes_beyond_the_border() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, 10:50] = 200  # the centred square
    assert (frame_at(image, 20, 1) == 200).all()
    seen = frame_at(image, 20, 0.8)
    assert seen[10, 0].max() < 50
    assert (seen[:, 10] == 200).all()


@pytest.fixture(scope="module", params=["robust", "tiny"])
def shipped(request: pytest.FixtureRequest) -> Classifier:
    return load(request.param, threads=1)


@pytest.mark.parametrize("zoom", [0.7, 1.3])
def test_a_shipped_model_with_a_zoom_classifies_as_it_does_zoomed_pictures(
    shipped: Classifier, zoom: float, tmp_path: Path
) -> None:
    once = with_zoom(onnx.load(shipped.path), 1.8 / zoom)
    onnx.save(with_zoom(once, zoom), tmp_path / "zoomed.onnx")  # the last one counts
    images = noise(2, 200, 160)
    found = load(tmp_path / "zoomed.onnx", threads=1).run_all(images)
    expected = shipped.run_all(np.stack([zoomed(image, zoom) for image in images]))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_zoom_of_one_is_none_and_the_model_given_stays(tmp_path: Path) -> None:
    model = onnx.load(write_model(tmp_path / "m.onnx"))
    before = model.SerializeToString()
    there_and_back = with_zoom(with_zoom(model, 1.3), 1)
    assert there_and_back.SerializeToString() == before
    assert model.SerializeToString() == before


def test_graphs_of_old_operators_are_refused(tmp_path: Path) -> None:
    model = onnx.load(write_model(tmp_path / "m.onnx"))
    model.opset_import[0].version = 11
    with pytest.raises(ModelFileError, match=r"m\.onnx: its graph is of ONNX's opset 11, and a zoom needs 13"):
        with_zoom(model, 1.3, "m.onnx")
