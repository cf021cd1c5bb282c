import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError
from hemascope.evaluate.shift.registry import choose_corruptions
from hemascope.evaluate.shift.suite import shift_suite
from tests.progress import Told


class ByBrightness:
    """Calls an image light where its mean is above the middle."""

    classes = ("dark", "light")

    def __init__(self) -> None:
        self.stacks: list[tuple[int, ...]] = []

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        self.stacks.append(images.shape)
        light = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([1 - light, light], axis=1).astype(np.float32)


@pytest.fixture
def greys(tmp_path) -> Manifest:
    """Thirty dark pictures, ten light ones whose grey is 200, one unreadable and one of another class."""
    paths, labels = [], []
    for i in range(42):
        grey = 60 if i < 30 else 200
        paths.append(str(tmp_path / f"{i}.png"))
        labels.append("dark" if i < 30 else "light")
        Image.new("RGB", (20 + i % 3, 20), (grey, grey, grey)).save(paths[-1])
    (tmp_path / "40.png").write_bytes(b"no picture")
    labels[41] = "other"
    return Manifest.build(paths, labels, ["dark", "light", "other"], name="greys")


def test_scores_by_corruption_and_severity(greys):
    model, told = ByBrightness(), Told()
    result = shift_suite(
        model,
        greys,
        choose_corruptions("brightness_down,rotation"),
        severities=(1, 5),
        side=32,
        progress=told,
    )
    assert told.steps == [("shift suite", 41)]
    assert told.counts == list(range(1, 42))
    assert result.images_a_second > 0
    assert set(model.stacks) == {(5, 32, 32, 3)}  # an image and its four copies at a time
    assert result.table["images"].tolist() == [40] * 5
    assert result.table[["corruption", "severity"]].to_numpy().tolist()[:3] == [
        ["clean", 0], ["brightness_down", 1], ["brightness_down", 5],
    ]  # fmt: skip
    assert result.table["accuracy"].tolist()[:3] == [1.0, 1.0, 0.75]  # 200 x 0.5 is dark
    assert result.table["balanced_accuracy"].tolist()[:3] == [1.0, 1.0, 0.5]


def test_a_seed_gives_the_same_scores_and_a_draw_keeps_the_classes(greys):
    def run(**options):
        return shift_suite(ByBrightness(), greys, choose_corruptions("random"), side=24, **options)

    pd.testing.assert_frame_equal(run(seed=1).table, run(seed=1).table)
    assert run(images=20).images == pytest.approx(20, abs=1)
    assert np.isfinite(run(images=2).table["balanced_accuracy"]).all()


def test_an_image_of_a_draw_is_corrupted_as_in_the_whole(greys):
    class Remembers(ByBrightness):
        def probabilities(self, images):
            kept.add(images.tobytes())
            return super().probabilities(images)

    noisy = choose_corruptions("gaussian_noise")
    kept: set[bytes] = set()
    shift_suite(Remembers(), greys, noisy, severities=(1,), side=16)
    whole, kept = kept, set()
    shift_suite(Remembers(), greys, noisy, severities=(1,), side=16, images=10)
    assert kept < whole


def test_sources_that_cannot_be_scored(greys, tmp_path):
    with pytest.raises(SourceError, match="none of its images has a label that the model knows"):
        shift_suite(ByBrightness(), greys.rows(np.array([41])), choose_corruptions("hue"))
    gone = Manifest.build([str(tmp_path / "gone.png")], ["dark"], ["dark"], name="gone")
    with pytest.raises(SourceError, match="gone: none of its images can be read"):
        shift_suite(ByBrightness(), gone, choose_corruptions("hue"))
