import numpy as np
import pytest

from hemascope.data.framing import frame
from hemascope.evaluate.tta import MOST, TtaModel, view


class Corner:
    """Says how bright the top left corner is, as sure as it can be."""

    classes = ("dark", "light")

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        light = images[:, 0, 0].mean(axis=1) / 255
        return np.stack([1 - light, light], axis=1)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 41, 60, 3), dtype=np.uint8)


def test_the_original_is_the_first_view(images):
    assert view(images, 0) is images
    said = TtaModel(Corner(), 1).probabilities(images)
    np.testing.assert_allclose(said, Corner().probabilities(images), atol=1e-6)


def test_the_first_eight_are_the_dihedral_group_of_what_the_model_sees(images):
    seen = [np.stack([frame(image, 41) for image in view(images, step)]) for step in range(8)]
    group = {np.rot90(part, k, (1, 2)).tobytes() for part in (seen[0], seen[0][:, :, ::-1]) for k in range(4)}
    assert {part.tobytes() for part in seen} == group
    assert len(group) == 8


def test_further_views_are_zoomed(images):
    sides = [view(images, step).shape[1] for step in range(MOST)]
    assert sides[1:8] == [41] * 7
    assert len(set(sides)) == 5
    assert min(sides) >= 0.85 * 41
    assert max(sides) <= 1.15 * 41
    assert len({view(images, step).tobytes() for step in range(MOST)}) == MOST


def test_probabilities_are_the_mean_over_the_views(images):
    model = TtaModel(Corner(), 11)
    said = np.mean([Corner().probabilities(view(images, step)) for step in range(11)], axis=0)
    np.testing.assert_allclose(model.probabilities(images), said, atol=1e-6)
    assert model.classes == ("dark", "light")


@pytest.mark.parametrize("steps", [0, MOST + 1])
def test_impossible_numbers_of_views(steps):
    with pytest.raises(ValueError, match="views are not between"):
        TtaModel(Corner(), steps)
