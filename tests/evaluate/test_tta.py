import numpy as np
import pytest
import torch

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.framing import frame
from hemascope.errors import RunError
from hemascope.evaluate.network_model import NetworkModel
from hemascope.evaluate.tta import MOST, Timed, TtaModel, compare_tta, measure_tta, read_tta, view
from tests.evaluate.conftest import predictions_for


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


class FirstPixel(torch.nn.Module):
    """Eight logits, the highest at the class that the top left pixel names."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = torch.nn.Parameter(torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return -10 * (torch.arange(8) - 25.5 * images[:, 0, 0, :1]) ** 2


def test_network_model_frames_what_has_another_size():
    model = NetworkModel(FirstPixel(), BLOOD_CLASSES, 16)
    images = np.repeat(np.arange(8, dtype=np.uint8) * 10, 24 * 30 * 3).reshape(8, 24, 30, 3)
    assert model.probabilities(images).argmax(axis=1).tolist() == list(range(8))
    np.testing.assert_allclose(model.probabilities(images).sum(axis=1), 1)
    assert model.classes == BLOOD_CLASSES


def test_gain_is_that_of_the_test_part():
    predictions = predictions_for(40, margin=30.0, splits=("val", "test"))
    images = np.zeros((40, 16, 16, 3), np.uint8)
    images[:, :8, :8] = 10 * predictions.targets[:, None, None, None]  # a quarter of the views see the class
    images[:, 8:, 8:] = images[:, :8, :8]
    result = measure_tta(FirstPixel(), predictions, images, 16, 8)
    assert (result.split, result.images, result.steps, result.applied) == ("test", 20, 8, False)
    assert result.plain["accuracy"].value == 1
    assert result.gain["accuracy"].value == pytest.approx(result.averaged["accuracy"].value - 1)
    assert result.plain_ms > 0


def compared(**options):
    poor, good = predictions_for(margin=3.0), predictions_for(margin=5.0)
    return compare_tta(poor.targets, poor.predicted, good.predicted, steps=8, plain_ms=2.0, averaged_ms=15.0, **options)


def test_gain_and_cost():
    result = compared(split="val")
    assert result.images == 400
    assert result.ratio == 7.5
    assert result.gain["accuracy"].value == pytest.approx(
        result.averaged["accuracy"].value - result.plain["accuracy"].value, abs=1e-6
    )
    assert result.gain["accuracy"].low > 0
    assert result.wins
    targets = np.array([0, 1, -1])
    same = compare_tta(targets, targets, targets, steps=2, plain_ms=1, averaged_ms=2)
    assert same.images == 2
    assert not same.wins


def test_reads_what_it_wrote(tmp_path):
    assert read_tta(tmp_path) is None
    compared(split="val", applied=True).write(tmp_path)
    assert read_tta(tmp_path) == compared(split="val", applied=True)


@pytest.mark.parametrize("content", ["{", '{"format_version": 1}', "[]"])
def test_what_cannot_be_read_is_said(tmp_path, content):
    (tmp_path / "tta.json").write_text(content)
    with pytest.raises(RunError, match="test-time augmentation cannot be read") as said:
        read_tta(tmp_path)
    assert "Delete tta.json" in said.value.remedy


def test_a_newer_format_is_refused(tmp_path):
    compared().write(tmp_path)
    text = (tmp_path / "tta.json").read_text().replace('"format_version": 1', '"format_version": 2')
    (tmp_path / "tta.json").write_text(text)
    with pytest.raises(RunError, match="newer hemascope"):
        read_tta(tmp_path)


def test_timed_counts_images_and_seconds():
    class Still:
        classes = ("one",)

        def probabilities(self, images):
            return np.ones((len(images), 1))

    model = Timed(Still())
    model.probabilities(np.zeros((5, 2, 2, 3), np.uint8))
    model.probabilities(np.zeros((2, 2, 2, 3), np.uint8))
    assert (model.images, model.classes) == (7, ("one",))
    assert 0 < model.milliseconds < 1000
