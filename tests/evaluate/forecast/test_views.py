import numpy as np
import pytest
from PIL import Image

from hemascope.errors import SourceError
from hemascope.evaluate.forecast import views
from hemascope.evaluate.forecast.views import classify_items, classify_twice
from hemascope.predict.items import items
from tests.progress import Told


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
    said = classify_twice(ByCorner(), images)
    assert said.upright[:, 1].tolist() == [1, 0]
    assert said.mirrored[:, 1].tolist() == [0, 1]
    assert len(said.rows(np.array([True, False]))) == 1


def test_folder_of_mixed_sizes_in_which_one_cannot_be_read(tmp_path):
    for i in range(40):
        pixels = np.full((8, 8 + 4 * (i > 34), 3), 6 * i, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i:02d}.png")
    (tmp_path / "05.png").write_bytes(b"no picture")
    told = Told()
    said, unreadable = classify_items(ByCorner(), list(items([str(tmp_path)])), progress=told)
    assert unreadable == 1
    assert said.upright[:, 1] == pytest.approx([6 * i / 255 for i in range(40) if i != 5])
    assert told.steps == [("unlabelled images", 40)]
    assert told.counts == sorted(told.counts)
    assert told.counts[-1] == 40


def test_folder_without_pictures(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="no image of the unlabelled folder can be read"):
        classify_items(ByCorner(), list(items([str(tmp_path)])))


SCORES = np.array([0.4, 0.6, 0.8, 0.9])


def test_threshold_leaves_as_many_below_as_are_wrong():
    for wrong in range(5):
        limit = views.threshold(SCORES, np.arange(4) >= wrong)
        assert views.average_thresholded_confidence(SCORES, limit) == pytest.approx(1 - wrong / 4)


def test_difference_of_confidences():
    assert views.difference_of_confidences(SCORES - 0.1, SCORES, 0.95) == pytest.approx(0.85)
    assert views.difference_of_confidences(SCORES + 0.1, SCORES, 0.95) == 1


def test_statistics_of_two_views():
    upright = np.array([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5], [0.9, 0.1]])
    said = views.ClassifiedTwice(upright, upright[[1, 1, 2, 3]])
    assert views.agreement(said) == 0.75
    assert views.cross_view_confidence(said) == pytest.approx((0.3 + 0.7 + 0.5 + 0.9) / 4)
    assert views.confidence(said).tolist() == [0.8, 0.7, 0.5, 0.9]
    assert views.proportions(said).tolist() == [0.75, 0.25]
