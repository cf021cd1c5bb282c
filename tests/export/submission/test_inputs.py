from pathlib import Path

import numpy as np

from hemascope.data.framing import frame
from hemascope.data.pixels import load_pixels
from hemascope.data.sources import open_source
from hemascope.export.submission.inputs import collect
from tests.export.submission.conftest import IMAGES
from tests.predict.model import CLASSES, COLOURS


def test_the_images_of_a_run(run: Path) -> None:
    inputs = collect(run, most=8)
    assert inputs.images.shape == (8, 96, 96, 3)
    assert inputs.predictions is not None
    assert inputs.images[:, 50, 50].tolist() == [list(COLOURS[name]) for name in inputs.predictions.table["true"]]
    again = inputs.repeated(20)
    np.testing.assert_array_equal(again[16], inputs.images[0])
    assert len(collect(run, most=5000).images) == IMAGES


def test_without_a_run_they_are_drawn(tmp_path: Path) -> None:
    inputs = collect(tmp_path, most=5)
    assert inputs.predictions is None
    assert inputs.images.shape == (5, 96, 96, 3)


def test_training_on_arrays_of_96_pixels_sees_what_the_model_file_sees(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 3), np.uint8)
    np.savez(tmp_path / "set.npz", images=images, labels=np.arange(4) % 2, classes=np.array(CLASSES[:2]))
    seen = load_pixels(open_source(tmp_path / "set.npz"), 96).images
    np.testing.assert_array_equal(seen, images)  # nothing is cut off, nothing resampled
    for size in (64, 128):
        trained_on = load_pixels(open_source(tmp_path / "set.npz"), size).images
        np.testing.assert_array_equal(trained_on, [frame(image, size) for image in images])
