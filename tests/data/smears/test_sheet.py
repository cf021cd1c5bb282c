import numpy as np
import pytest

from hemascope.data.smears import draw, sheet
from hemascope.errors import SourceError


def test_a_sheet_shows_the_drawings_in_rows_of_classes_under_their_titles() -> None:
    paper = sheet(seed=4, per_class=3, size=48)
    assert paper.dtype == np.uint8
    height = paper.shape[0] // 8
    for row in (0, 5, 7):
        strip = paper[row * height : (row + 1) * height]
        assert (strip[:14].min(-1) < 100).any(), "a title is written"
        np.testing.assert_array_equal(strip[-52:-4, 56:104], draw(4, 8 + row, 48).image)


def test_a_sheet_is_the_same_every_time() -> None:
    np.testing.assert_array_equal(sheet(1, 2, 32), sheet(1, 2, 32))


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(SourceError, match="contact sheet"):
        sheet(per_class=0)
