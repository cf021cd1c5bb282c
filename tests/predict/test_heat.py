import numpy as np
import pytest

from hemascope import load
from hemascope.errors import DecodeError, ModelFileError
from hemascope.predict.heat import SIDE, heat_map
from tests.predict.model import COLOURS, write_model


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return load(write_model(tmp_path_factory.mktemp("heat") / "model.onnx"), threads=1)


def spotted(height=40, width=40, at=(8, 30)):
    """A green picture with a blue spot at row, column."""
    image = np.full((height, width, 3), COLOURS["lymphocyte"], np.uint8)
    image[at[0] - 5 : at[0] + 5, at[1] - 5 : at[1] + 5] = COLOURS["basophil"]
    return image


def test_the_map_is_highest_where_the_class_is_seen(classifier):
    found = heat_map(classifier, spotted(), "basophil")
    assert found.grid.shape == (SIDE, SIDE)
    assert found.grid.dtype == np.float32
    row, column = np.unravel_index(found.grid.argmax(), found.grid.shape)
    assert (row / SIDE * 40, column / SIDE * 40) == pytest.approx((8, 30), abs=4)
    assert found.lowest < found.probability == pytest.approx(classifier(spotted()).probabilities["basophil"], abs=0.02)


def test_the_most_probable_class_where_none_is_named(classifier):
    found = heat_map(classifier, spotted())
    assert found.label == "lymphocyte"
    assert found.grid[6, 24] < 0  # to hide the blue spot raises the odds of green


def test_the_map_covers_the_centred_square(classifier):
    wide = heat_map(classifier, spotted(40, 80, at=(8, 50)), "basophil")  # 30 columns into the square
    row, column = np.unravel_index(wide.grid.argmax(), wide.grid.shape)
    assert (row / SIDE * 40, column / SIDE * 40) == pytest.approx((8, 30), abs=4)


def test_a_plain_picture_has_a_flat_map(classifier):
    found = heat_map(classifier, np.full((9, 9, 3), COLOURS["basophil"], np.uint8))
    np.testing.assert_allclose(found.grid, 0, atol=1e-4)
    assert found.lowest == pytest.approx(found.probability, abs=1e-4)


def test_errors(classifier):
    with pytest.raises(ModelFileError, match="no class 'blast'"):
        heat_map(classifier, spotted(), "blast")
    with pytest.raises(DecodeError):
        heat_map(classifier, b"no picture")
