import numpy as np
import pytest
from PIL import Image

from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError
from hemascope.evaluate.forecast.reference import SETTINGS, Setting, build_reference, corrupted
from tests.evaluate.shift.test_suite import ByBrightness
from tests.progress import Told


@pytest.fixture
def greys(tmp_path) -> Manifest:
    """Twelve dark pictures, six light ones, one unreadable and one of another class."""
    paths, labels = [], []
    for i in range(20):
        grey = 60 if i < 12 else 200
        paths.append(str(tmp_path / f"{i}.png"))
        labels.append("dark" if i < 12 else "light")
        Image.new("RGB", (24, 24), (grey, grey, grey)).save(paths[-1])
    (tmp_path / "18.png").write_bytes(b"no picture")
    labels[19] = "other"
    return Manifest.build(paths, labels, ["dark", "light", "other"], name="greys")


def test_settings_are_the_whole_suite():
    assert len(SETTINGS) == 1 + 24 * 3 + 5
    assert SETTINGS[0].family == "clean"
    assert {setting.family for setting in SETTINGS[-5:]} == {"mixture"}


def test_every_image_in_every_setting(greys):
    settings = (SETTINGS[0], Setting("brightness_down", 5), Setting("rotation", 1))
    told = Told()
    found = build_reference(ByBrightness(), greys, settings=settings, side=28, progress=told)
    assert told.steps == [("corrupted images", 19)]
    assert told.counts[-1] == 19
    assert len(found) == 18
    assert found.accuracy.tolist() == [1.0, pytest.approx(12 / 18), 1.0]  # 200 x 0.5 is dark
    part = found.of([settings[1]])
    assert part.settings == settings[:2]
    assert part.accuracy.tolist() == found.accuracy[:2].tolist()


def test_corruption_depends_on_image_and_seed_alone():
    image = np.full((28, 28, 3), 120, np.uint8)
    noise = Setting("gaussian_noise", 3)
    assert (corrupted(image, noise) == corrupted(image.copy(), noise)).all()
    assert (corrupted(image, noise) != corrupted(image, noise, seed=1)).any()
    assert corrupted(image, SETTINGS[0]) is image


def test_without_known_labels(greys):
    with pytest.raises(SourceError, match="greys: none of its images has a label that the model knows"):
        build_reference(ByBrightness(), greys.rows(np.array([19])), side=28)
