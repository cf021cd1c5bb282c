import numpy as np
import pytest
from PIL import Image

from hemascope.errors import SourceError
from hemascope.evaluate.forecast.views import judge, judge_items
from hemascope.predict.items import items


class ByCorner:
    """Says how bright the upper right corner is."""

    classes = ("dark", "light")

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        assert images.shape[1] == images.shape[2]
        light = images[:, 0, -1, 0] / 255
        return np.stack([1 - light, light], axis=1)


def test_second_view_is_mirrored_at_the_diagonal():
    images = np.zeros((2, 3, 3, 3), np.uint8)
    images[0, 0, 2] = 255  # upper right
    images[1, 2, 0] = 255  # lower left
    said = judge(ByCorner(), images)
    assert said.upright[:, 1].tolist() == [1, 0]
    assert said.mirrored[:, 1].tolist() == [0, 1]
    assert len(said.rows(np.array([True, False]))) == 1


def test_folder_of_mixed_sizes_in_which_one_cannot_be_read(tmp_path):
    for i in range(40):
        pixels = np.full((8, 8 + 4 * (i > 34), 3), 6 * i, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i:02d}.png")
    (tmp_path / "05.png").write_bytes(b"no picture")
    seen: list[int] = []
    said, unreadable = judge_items(ByCorner(), list(items([str(tmp_path)])), progress=seen.append)
    assert unreadable == 1
    assert said.upright[:, 1] == pytest.approx([6 * i / 255 for i in range(40) if i != 5])
    assert seen == sorted(seen)
    assert seen[-1] == 40


def test_folder_without_pictures(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="no image of the unlabelled folder can be read"):
        judge_items(ByCorner(), list(items([str(tmp_path)])))
