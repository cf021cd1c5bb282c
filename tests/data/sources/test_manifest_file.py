from pathlib import Path

import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import noise, write_png


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    paths = [str(write_png(tmp_path / f"{i}.png", noise(i))) for i in range(3)]
    labels, splits = ["basophil", "platelet", "platelet"], ["train", "train", "val"]
    made = Manifest.build(paths, labels, BLOOD_CLASSES, splits=splits, name="mine", licence="CC0", attribution="me")
    return made.with_columns(verdict=["keep", "drop", "review"], group=[-1, 0, 0])


def test_a_manifest_is_read_as_such(tmp_path: Path, manifest: Manifest) -> None:
    manifest.write(tmp_path / "audit" / "cleaned.parquet")
    for spec in (tmp_path / "audit" / "cleaned.parquet", tmp_path / "audit"):
        read = open_source(spec)
        assert read.table.equals(manifest.table)
        assert (read.classes, read.name, read.licence, read.attribution) == (BLOOD_CLASSES, "mine", "CC0", "me")


def test_an_image_that_has_moved_gets_an_error_of_its_own(tmp_path: Path, manifest: Manifest) -> None:
    manifest.write(tmp_path / "audit" / "cleaned.parquet")
    (tmp_path / "0.png").unlink()
    (_, gone), (_, here), _ = read_images(open_source(tmp_path / "audit" / "cleaned.parquet"))
    assert isinstance(gone, DecodeError)
    assert "0.png: No such file" in gone.problem
    assert not isinstance(here, DecodeError)


def test_images_that_have_all_moved(tmp_path: Path, manifest: Manifest) -> None:
    manifest.write(tmp_path / "audit" / "cleaned.parquet")
    for i in (0, 2):
        (tmp_path / f"{i}.png").unlink()
    with pytest.raises(SourceError, match=r"none of the 2 files that it names exists, the first is .*0\.png"):
        open_source(tmp_path / "audit" / "cleaned.parquet")


def test_synthetic_images_are_always_there(tmp_path: Path) -> None:
    open_source("synthetic:16").write(tmp_path / "cleaned.parquet")
    assert len(open_source(tmp_path / "cleaned.parquet")) == 16
