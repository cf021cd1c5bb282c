"""Small pictures of fields, also of such as are read in parts."""

import numpy as np
import pytest

from hemascope.fields.outputs import pixels as module
from hemascope.fields.outputs.pixels import Deferred, shrunk, square
from tests.fields.outputs.made import field


class Slide:
    """A slide that is not in memory: every pixel tells its place, and it says how much was asked for at once."""

    def __init__(self, height: int, width: int) -> None:
        self.shape, self.most = (height, width, 3), 0

    def __getitem__(self, part: tuple[slice, slice]) -> np.ndarray:
        rows, columns = (np.arange(*one.indices(length)) for one, length in zip(part, self.shape, strict=False))
        self.most = max(self.most, len(rows) * len(columns))
        found = np.zeros((len(rows), len(columns), 3), np.uint8)
        found[..., 0] = 255 * columns / self.shape[1]
        found[..., 1] = (255 * rows / self.shape[0])[:, None]
        return found


def test_a_small_field_is_itself() -> None:
    pixels = field()
    picture, scale = shrunk(pixels, 128)
    assert scale == 1
    assert np.array_equal(np.asarray(picture), pixels)


def test_a_slide_is_shrunk_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 256)
    slide = Slide(1000, 2300)
    picture, scale = shrunk(slide, 230)
    assert picture.size == (230, 100)
    assert scale == 0.1
    assert slide.most <= 256 * 256
    found = np.asarray(picture).astype(int)
    expected = np.asarray(slide[5:1000:10, 5:2300:10]).astype(int)
    assert np.abs(found - expected)[:-1, :-1].max() <= 2


@pytest.mark.parametrize("centre", [(0.0, 0.0), (128.0, 96.0), (64.0, 48.0), (3.2, 90.0)])
def test_a_square_stays_in_the_field(centre: tuple[float, float]) -> None:
    pixels = field()
    found = square(pixels, centre, 40)
    assert found.shape == (40, 40, 3)
    left, top = (min(max(0, round(at - 20)), size - 40) for at, size in zip(centre, (128, 96), strict=True))
    assert np.array_equal(found, pixels[top : top + 40, left : left + 40])


def test_a_square_is_never_larger_than_the_field() -> None:
    assert square(field(), (10, 10), 500).shape == (96, 96, 3)


def test_pixels_that_nobody_wants_are_not_read() -> None:
    asked: list[int] = []

    def read() -> np.ndarray:
        asked.append(1)
        return field()

    pixels = Deferred(96, 128, read)
    assert pixels.shape == (96, 128, 3)
    assert not asked
    assert np.array_equal(square(pixels, (20, 20), 10), field()[15:25, 15:25])
    assert shrunk(pixels, 64)[0].size == (64, 48)
    assert asked == [1]
