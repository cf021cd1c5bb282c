"""What a head for several laboratories is fitted to."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import Image

from hemascope.data.sources import open_source
from hemascope.errors import DecodeError
from hemascope.export.material import Eyes, Material
from hemascope.predict.classifier import Classifier

GREY = {"Home": 200, "Away": 100, "Third": 40}
IMAGES = {"Home": {"a": 4, "b": 3, "c": 2}, "Away": {"a": 3, "b": 2}, "Third": {"a": 2}}


def mean_colour(images: np.ndarray) -> np.ndarray:
    return images.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> Classifier:
    """Sees the mean colour of a picture."""
    return cast(Classifier, SimpleNamespace(card=SimpleNamespace(input_size=16), threads=1, features=mean_colour))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Grey pictures, darker in each laboratory."""
    folder = tmp_path_factory.mktemp("cells")
    for laboratory, labels in IMAGES.items():
        for label, count in labels.items():
            place = folder / f"laboratory={laboratory}" / label
            place.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (20, 20), (GREY[laboratory],) * 3).save(place / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def material(model: Classifier, folder: Path) -> Material:
    return Material(open_source(folder), Eyes(model))


def test_home_is_the_laboratory_of_the_most_images(material: Material) -> None:
    assert material.names == ["Home", "Away", "Third"]
    assert material.targets["Away"].tolist() == [0, 0, 0, 1, 1]
    for name, grey in GREY.items():
        assert material.plain[name].tolist() == [[grey] * 3] * sum(IMAGES[name].values())


def test_every_laboratory_teaches_and_home_in_several_views(material: Material) -> None:
    home, away, third = material.laboratories()
    assert len(home.features) == len(home.targets) == 9 * (1 + 1 + 1 + 2)  # plain, poor, recoloured, as each other
    assert np.bincount(home.targets).tolist() == [20, 15, 10]
    assert away.features.tolist() == [[100] * 3] * 5
    assert {number: len(cells) for number, cells in third.stand_ins.items()} == {0: 4, 1: 3, 2: 2}
    assert third.stand_ins[2].mean() < away.stand_ins[2].mean() < 150  # in the laboratory's colours
    (plain, *_) = material.laboratories(recoloured=False, poor=False)
    assert plain.features.tolist() == [[200] * 3] * 9


def test_images_held_out_teach_in_no_view(material: Material) -> None:
    assert material.held.shape == (9,)
    held = material.targets["Home"] == 2
    home, away, _ = material.laboratories(held)
    assert np.bincount(home.targets).tolist() == [20, 15]
    assert len(away.stand_ins[2]) == 0


def test_a_laboratory_left_out_does_not_teach_by_its_colours_either(material: Material) -> None:
    home, third = material.laboratories(without="Away")
    assert len(home.features) == 9 * 4
    assert third.features.tolist() == [[40] * 3] * 2


def test_an_unreadable_image_is_named(model: Classifier, tmp_path: Path) -> None:
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "0.png").write_bytes(b"no picture")
    with pytest.raises(DecodeError, match=r"0\.png"):
        Eyes(model).plain(open_source(tmp_path), "Away")
