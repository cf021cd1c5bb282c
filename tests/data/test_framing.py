import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hemascope.data.framing import _session, frame
from tests.data.pictures import noise


def pillows(image: np.ndarray, size: int) -> np.ndarray:
    height, width = image.shape[:2]
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    square = Image.fromarray(image).crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), Image.Resampling.BILINEAR))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40))
def test_a_picture_of_the_right_size_is_cut_to_its_centred_square(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    side = min(height, width)
    cut = frame(np.stack([rows, columns, rows], axis=-1), side)
    assert cut.shape == (side, side, 3)
    for axis, length in ((0, height), (1, width)):
        before, after = int(cut[..., axis].min()), length - 1 - int(cut[..., axis].max())
        assert after - before in (0, 1)


@pytest.mark.parametrize(
    ("height", "width", "size"), [(360, 363, 96), (50, 31, 64), (208, 208, 28), (7, 9, 7), (1, 1, 5), (208, 208, 224)]
)
def test_it_is_pillows_bilinear_of_the_square(height: int, width: int, size: int) -> None:
    image = noise(0, height, width)
    result = frame(image, size)
    assert result.dtype == np.uint8
    difference = np.abs(result.astype(int) - pillows(image, size))
    assert difference.max() <= 2  # of 255 grey levels: rounding
    assert difference.mean() < 0.1  # another filter, or a shift of half a pixel, gives 0.3 to 33


def test_shrinking_averages_instead_of_picking() -> None:
    stripes = np.zeros((90, 90, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.ptp(frame(stripes, 9)[1:-1, 1:-1].astype(int)) < 20


def test_the_right_size_stays_as_it_is() -> None:
    image = noise(1, 20, 20)
    result = frame(image, 20)
    np.testing.assert_array_equal(result, image)
    (by_graph,) = _session(20).run(None, {"images": image[np.newaxis]})  # which need not be asked
    np.testing.assert_array_equal(by_graph[0].transpose(1, 2, 0), image)
    result[:] = 0
    assert image.any()  # a copy, not a view
