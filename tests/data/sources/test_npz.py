import zipfile
from pathlib import Path

import numpy as np
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from tests.data.pictures import noise

IMAGES = np.stack([noise(i, 28, 28) for i in range(16)])
EIGHT = np.arange(16, dtype=np.uint8) % 8


def saved(folder: Path, name: str = "set.npz", **arrays: np.ndarray) -> Path:
    np.savez_compressed(folder / name, **arrays)
    return folder / name


def medmnist(folder: Path, name: str) -> Path:
    arrays = {}
    for split, rows in (("test", slice(0, 3)), ("train", slice(3, 12)), ("val", slice(12, 16))):
        arrays[f"{split}_images"] = IMAGES[rows]
        arrays[f"{split}_labels"] = EIGHT[rows, None]
    return saved(folder, name, **arrays)


def test_medmnist_keeps_its_official_splits(tmp_path: Path) -> None:
    manifest = open_source(medmnist(tmp_path, "bloodmnist_64.npz"))
    assert manifest.classes == BLOOD_CLASSES
    assert list(manifest.table["split"]) == ["train"] * 9 + ["val"] * 4 + ["test"] * 3
    assert manifest.targets().tolist() == [*EIGHT[3:], *EIGHT[:3]]
    assert manifest.licence == "CC BY 4.0"
    assert "Acevedo" in manifest.attribution
    assert "Yang" in manifest.attribution
    images = [image for _, image in read_images(manifest)]
    np.testing.assert_array_equal(np.stack(images), np.concatenate([IMAGES[3:], IMAGES[:3]]))


def test_other_medmnist_sets_have_numbered_classes(tmp_path: Path) -> None:
    manifest = open_source(medmnist(tmp_path, "dermamnist.npz"))
    assert manifest.classes == tuple(f"class_{i}" for i in range(8))
    assert manifest.licence == ""


@pytest.mark.parametrize("shape", [(16, 1), (16,)])
def test_the_challenges_file(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = saved(tmp_path, "training_set.npz", images=IMAGES, labels=EIGHT.reshape(shape))
    manifest = open_source(str(path))
    assert manifest.classes == BLOOD_CLASSES
    assert set(manifest.table["split"]) == {""}
    np.testing.assert_array_equal([image for _, image in read_images(manifest)][5], IMAGES[5])


def test_grey_images_and_unlabelled_rows(tmp_path: Path) -> None:
    labels = np.array([0, 1, -1] + [2] * 13)
    manifest = open_source(saved(tmp_path, images=IMAGES[..., 0], labels=labels))
    assert manifest.classes == ("class_0", "class_1", "class_2")
    assert manifest.targets().tolist() == labels.tolist()
    assert next(read_images(manifest))[1].shape == (28, 28, 3)


def test_names_of_classes_in_the_file(tmp_path: Path) -> None:
    named = {"images": IMAGES, "labels": EIGHT % 2, "classes": np.array(["Blast", "Platelets"])}
    assert open_source(saved(tmp_path, **named)).classes == ("blast", "platelet")
    named["classes"] = np.array(["Blast"])
    with pytest.raises(SourceError, match="2 classes in the labels, but 'classes' names 1"):
        open_source(saved(tmp_path, **named))


NAMES = BLOOD_CLASSES[::-1]


@pytest.mark.parametrize("key", ["classes", "class_names", "label_names", "classnames", "target_names", "cell_types"])
@pytest.mark.parametrize("kind", ["U", "S"])
def test_names_are_read_whatever_they_are_called(tmp_path: Path, key: str, kind: str) -> None:
    manifest = open_source(saved(tmp_path, images=IMAGES, labels=EIGHT, **{key: np.array(NAMES, kind)}))
    assert list(manifest.table["label"]) == [NAMES[number] for number in EIGHT]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({"classes": np.array(NAMES, object)}, "'classes' ought to name the classes, but holds Python objects"),
        ({"label_map": np.array(dict(enumerate(NAMES)))}, "'label_map' ought to name the classes"),
        ({"class_names": np.arange(8)}, "'class_names' ought to name the classes, but holds int64"),
        ({"classes": np.array([b"\xff"] * 8)}, "'classes' is not in UTF-8"),
        ({"classes": np.array(NAMES), "names": np.array(BLOOD_CLASSES)}, "classes and names name the classes diff"),
        ({"classes": np.array(["CD4+", "CD4-"] * 4)}, "would both be called 'cd4'"),
        (
            {
                "train_cells": np.array([*NAMES[:7], "CD4+"]),
                "val_cells": np.array([*NAMES[:7], "CD4-"]),
            },
            r"'CD4\+' and 'CD4-' would both be called 'cd4'",
        ),
    ],
)
def test_names_that_cannot_be_read_are_refused(tmp_path: Path, names: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(saved(tmp_path, images=IMAGES, labels=EIGHT, **names))


def test_other_arrays_are_no_names(tmp_path: Path) -> None:
    more = {"file_names": np.array([f"{number}.png" for number in range(16)]), "class_weights": np.ones(8)}
    assert open_source(saved(tmp_path, images=IMAGES, labels=EIGHT, **more)).classes == BLOOD_CLASSES


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"x": IMAGES, "y": EIGHT}, r"set\.npz: its keys are x, y\. Wanted are train_images"),
        ({}, "its keys are none"),
        ({"images": IMAGES}, "no key 'labels' beside 'images'"),
        ({"images": IMAGES, "labels": EIGHT[:9]}, "16 images in 'images' but 9 labels"),
        ({"images": IMAGES / 255, "labels": EIGHT}, "'images' is float64, not uint8"),
        ({"images": IMAGES[0], "labels": EIGHT}, "16 labels|28 images"),
        ({"images": IMAGES.reshape(16, 28, 3, 28), "labels": EIGHT}, r"shape \(16, 28, 3, 28\)"),
        ({"images": IMAGES, "labels": EIGHT.astype(float)}, "'labels' is float64"),
        ({"images": IMAGES, "labels": np.eye(16, 8, dtype=int)}, r"'labels' has shape \(16, 8\)"),
        ({"images": IMAGES, "labels": EIGHT.astype(int) - 2}, "class number -2"),
        ({"images": IMAGES, "labels": EIGHT * 30}, "class number 210 in 16 images"),
        ({"images": IMAGES, "labels": EIGHT * 0}, "one class only"),
        ({"images": IMAGES, "labels": np.full(16, -1)}, "no image has a label"),
        ({"images": IMAGES[:0], "labels": EIGHT[:0]}, "holds no images"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, arrays: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(saved(tmp_path, **arrays))


def test_a_file_cut_short(tmp_path: Path) -> None:
    path = medmnist(tmp_path, "bloodmnist.npz")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SourceError, match=r"bloodmnist\.npz: not a readable \.npz"):
        open_source(path)


@pytest.mark.parametrize("shape", ["(999999999999,3,3,3)", "(-4, 3, 3, 3)", "(4, 3, 3", "(" * 90])
def test_a_header_that_promises_too_much_or_is_damaged_is_refused(tmp_path: Path, shape: str) -> None:
    path = saved(tmp_path, images=np.zeros((4, 3, 3, 3), np.uint8))
    with zipfile.ZipFile(path) as archive:
        array = archive.read("images.npy")
    before = array.index(b"(")
    array = array[:before] + (shape + ", }").encode().ljust(127 - before) + array[127:]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", array)
    with pytest.raises(SourceError, match=r"not a readable \.npz file"):
        open_source(path, unlabelled=True)
