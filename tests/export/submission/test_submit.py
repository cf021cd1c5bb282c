import zipfile
from pathlib import Path

import numpy as np
import pytest

import hemascope
from hemascope.data.framing import frame
from hemascope.data.pixels import load_pixels
from hemascope.data.sources import open_source
from hemascope.errors import ModelFileError
from hemascope.export.submission.package import requirements, write_zip
from hemascope.export.submission.trial import collect, require_agreement
from tests.export.submission.conftest import IMAGES
from tests.predict.model import CLASSES, COLOURS


def test_the_same_run_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    card = hemascope.load(run).card
    for name in ("one.zip", "two.zip"):
        write_zip(tmp_path / name, run / "model.onnx", card, views=2)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_what_is_in_it(run: Path, tmp_path: Path) -> None:
    write_zip(tmp_path / "s.zip", run / "model.onnx", hemascope.load(run).card, views=1)
    with zipfile.ZipFile(tmp_path / "s.zip") as file:
        names = file.namelist()
        assert sorted(names) == ["README.txt", "model.onnx", "model.py", "requirements.txt", "submission.json"]
        assert file.read("model.onnx") == (run / "model.onnx").read_bytes()
        assert file.read("requirements.txt").decode().split() == list(requirements())
        assert "1  lymphocyte" in file.read("README.txt").decode()


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


GREYS = np.full((1, 96, 96, 3), 90, np.uint8)


def test_agreement_repeats_the_images(run: Path) -> None:
    images = np.concatenate([np.full((1, 96, 96, 3), colour, np.uint8) for colour in ((220, 0, 0), (0, 0, 220))])
    said = require_agreement(np.array([0, 2, 0, 2, 0]), images, hemascope.load(run), views=2)
    assert said == (5, 5, 0)
    with pytest.raises(ModelFileError, match="1 of 3 images another class"):
        require_agreement(np.array([0, 2, 1]), images, hemascope.load(run), views=1)


def test_a_tie_may_be_decided_otherwise(run: Path) -> None:
    assert require_agreement(np.array([2]), GREYS, hemascope.load(run), views=1) == (1, 0, 1)
