import numpy as np
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.pixels import load_pixels
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import SourceError


def test_the_classes_come_in_turn() -> None:
    manifest = open_source("synthetic:20:7")
    assert manifest.targets().tolist() == [index % 8 for index in range(20)]
    assert manifest.classes == BLOOD_CLASSES
    assert set(manifest.table["path"]) == {"synthetic://7"}
    assert list(manifest.table["member"]) == [str(index) for index in range(20)]
    assert len(open_source("synthetic")) == 1600
    assert open_source("synthetic:9").table["path"][0] == "synthetic://0"


@pytest.mark.parametrize("spec", ["synthetic:", "synthetic:7", "synthetic:x", "synthetic:16:-1", "synthetic:16:1:2"])
def test_other_forms_are_refused(spec: str) -> None:
    with pytest.raises(SourceError, match="synthetic:1600:0"):
        open_source(spec)


def test_images_are_drawn_by_seed_and_number_with_the_label_of_the_row() -> None:
    smears = pytest.importorskip("hemascope.data.smears")
    manifest = open_source("synthetic:8:3")
    for index, image in read_images(manifest):
        drawn = smears.draw(3, index)
        np.testing.assert_array_equal(image, drawn.image)
        assert drawn.label == manifest.table["label"][index]
    assert load_pixels(manifest, 32).images.shape == (8, 32, 32, 3)
