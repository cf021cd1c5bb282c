import numpy as np
import pytest

from hemascope.data.manifest import Manifest
from hemascope.errors import RunError
from hemascope.evaluate.compare.hidden import Hidden, read_hidden, score_hidden, write_hidden
from tests.progress import Told


class Brightness:
    classes = ("dark", "light")

    def probabilities(self, images):
        light = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - light, light], axis=1)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)


@pytest.fixture
def rows():
    return Manifest.build([f"{i}.png" for i in range(5)], ["dark"] * 5, ("dark", "light"), splits=["test"] * 5)


def test_an_image_is_corrupted_in_its_own_way_wherever_it_stands(images):
    settings = Hidden()
    first = settings.corrupt(images[3])
    assert (settings.corrupt(images[3].copy()) == first).all()
    assert (settings.corrupt(images[3], copy=1) != first).any()
    assert (Hidden(seed=1).corrupt(images[3]) != first).any()
    assert (first != images[3]).any()
    assert first.dtype == np.uint8
    assert first.shape == (32, 32, 3)


def test_every_copy_is_classified(images, rows):
    told = Told()
    said = score_hidden(Brightness(), rows, images, Hidden(side=32, copies=3), progress=told)
    assert len(said) == 15
    assert told.steps == [("scoring under corruptions", 15)]
    assert told.counts[-1] == 15
    assert said.table["path"].tolist() == [f"{i}.png" for i in range(5)] * 3
    expected = Brightness().probabilities(Hidden().corrupt(images[1], copy=2)[None])[0]
    np.testing.assert_allclose(said.probabilities[11], expected)


def test_what_is_written_is_read(images, rows, tmp_path):
    settings = Hidden(side=32, copies=2, seed=4)
    said = score_hidden(Brightness(), rows, images, settings)
    write_hidden(tmp_path, said, settings)
    found = read_hidden(tmp_path)
    assert found is not None
    assert found[1] == settings
    assert found[0].table.equals(said.table)
    assert read_hidden(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["no json", '{"format_version": 1, "sides": 3}', '{"format_version": 9}'])
def test_files_of_others_are_refused(tmp_path, text):
    (tmp_path / "hidden.json").write_text(text)
    with pytest.raises(RunError, match=r"hidden\.json"):
        read_hidden(tmp_path)
