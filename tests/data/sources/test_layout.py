from pathlib import Path

import pytest

from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from tests.data.pictures import encoded, fill, noise
from tests.predict.pictures import write_tar, write_zip


@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_split_folders(tmp_path: Path, val: str) -> None:
    manifest = open_source(fill(tmp_path, f"{val}/a/1.png", "Training/a/1.png", "Training/b/1.png", "testing/b/1.png"))
    assert list(manifest.table["split"]) == ["train", "train", "val", "test"]
    assert list(manifest.table["label"]) == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("train", "test"),
    [("Training set", "Test set"), ("train_data", "test_data"), ("train1", "test1"), ("TRAIN", "TestA")],
)
def test_split_folders_in_other_words(tmp_path: Path, train: str, test: str) -> None:
    manifest = open_source(fill(tmp_path, f"{train}/a/1.png", f"{train}/b/1.png", f"{test}/b/1.png"))
    assert list(manifest.table["split"]) == ["train", "train", "test"]
    assert manifest.classes == ("a", "b")


def test_split_folders_inside_class_folders(tmp_path: Path) -> None:
    manifest = open_source(fill(tmp_path, "a/train/1.png", "a/test/2.png", "b/train/3.png", "b/Test set/x/4.png"))
    assert list(manifest.table["split"]) == ["train", "train", "test", "test"]
    assert list(manifest.table["label"]) == ["a", "b", "a", "b"]
    fill(tmp_path, "b/5.png")
    with pytest.raises(SourceError, match="some images lie in train/val/test folders inside"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ["fold_0/x/1.png", "fold_0/y/1.png", "fold_1/x/1.png", "fold_1/y/1.png"],
        ["p1/lymphocyte/1.png", "p2/neutrophil/1.png"],
        ["p1/x/1.png", "p1/y/1.png", "p2/x/1.png"],
        ["here/p1/x/1.png", "here/p1/y/1.png", "there/p2/x/1.png", "there/p3/y/1.png"],
        ["train/p1/x/1.png", "train/p1/y/1.png", "test/p2/x/1.png", "test/p2/y/1.png"],
        ["train1/x/1.png", "test1/y/1.png", "train2/y/1.png", "test2/x/1.png"],
    ],
)
def test_folders_that_may_be_no_classes_are_refused(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(SourceError, match=r"cannot be told which are the classes|more than one division"):
        open_source(fill(tmp_path, *names))


@pytest.mark.parametrize(
    "names",
    [
        ["zebra/images/1.png", "ant/images/1.png"],
        ["basophil/p1/1.png", "basophil/p2/1.png", "blast/p1/1.png", "blast/p2/1.png"],
        ["zebra/p1/1.png", "zebra/p2/1.png", "ant/p3/1.png"],
    ],
)
def test_folders_below_classes_that_are_classes(tmp_path: Path, names: list[str]) -> None:
    manifest = open_source(fill(tmp_path, *names))
    assert sorted(manifest.table["label"]) == sorted(name.split("/")[0] for name in names)


def test_folders_of_laboratories_stand_above_splits_and_classes(tmp_path: Path) -> None:
    folder = fill(tmp_path, "laboratory=Lyon/train/a/1.png", "lab= Lyon/test/b/2.png", "Laboratory=Pisa/train/b/3.png")
    manifest = open_source(folder)
    assert list(manifest.table["laboratory"]) == ["Pisa", "Lyon", "Lyon"]
    assert list(manifest.table["split"]) == ["train", "train", "test"]
    assert list(manifest.table["label"]) == ["b", "a", "b"]
    assert manifest.classes == ("a", "b")
    assert manifest.laboratories == ("Lyon", "Pisa")


@pytest.mark.parametrize(("write", "kind"), [(write_zip, "zip"), (write_tar, "tar")])
def test_the_one_laboratory_of_an_archive_keeps_its_name(tmp_path: Path, write, kind: str) -> None:
    names = ["laboratory=Lyon/a/1.png", "laboratory=Lyon/b/2.png"]
    archive = write(tmp_path / f"cells.{kind}", {name: encoded(noise(0, 2, 2)) for name in names})
    manifest = open_source(archive)
    assert list(manifest.table["laboratory"]) == ["Lyon", "Lyon"]


def test_images_beside_the_folders_of_laboratories_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, "laboratory=Lyon/a/1.png", "laboratory=Lyon/b/2.png", "a/3.png")
    with pytest.raises(SourceError, match="1 of its images lie beside the folders that name laboratories"):
        open_source(tmp_path)
