import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import encoded, noise, write_png


def written(path: Path, labels: list, names: list[str] | None = None, first: int = 0, **columns: list) -> Path:
    cells = [{"bytes": encoded(noise(first + i)), "path": f"{i}.png"} for i in range(len(labels))]
    table = pa.table({"image": cells, "label": labels} | columns)
    if names:
        label = {"names": names, "_type": "ClassLabel"}
        about = {"info": {"features": {"image": {"_type": "Image"}, "label": label}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=2)
    return path


@pytest.mark.parametrize("place", ["data", "."])
def test_the_hugging_face_layout(tmp_path: Path, place: str) -> None:
    names = ["Platelets", "Basophils", "IG"]
    written(tmp_path / place / "train-00000-of-00002.parquet", [0, 1, 2], names)
    written(tmp_path / place / "train-00001-of-00002.parquet", [1, 1, 1], names, first=10)
    written(tmp_path / place / "validation-00000-of-00001.parquet", [2, -1, None], names, first=20)
    manifest = open_source(tmp_path)
    assert manifest.classes == BLOOD_CLASSES
    assert list(manifest.table["split"]) == ["train"] * 6 + ["val"] * 3
    assert manifest.targets().tolist() == [7, 0, 3, 0, 0, 0, 3, -1, -1]
    assert manifest.name == tmp_path.name
    for (_, image), seed in zip(read_images(manifest), [0, 1, 2, 10, 11, 12, 20, 21, 22], strict=True):
        np.testing.assert_array_equal(image, noise(seed))


def test_one_file_with_names_of_its_own(tmp_path: Path) -> None:
    manifest = open_source(written(tmp_path / "cells.parquet", [1, 0], ["zebra", "ant"]))
    assert manifest.classes == ("zebra", "ant")  # the order that the file gives
    assert list(manifest.table["label"]) == ["ant", "zebra"]
    assert list(manifest.table["split"]) == ["", ""]


def test_labels_as_text_and_as_bare_numbers(tmp_path: Path) -> None:
    assert open_source(written(tmp_path / "a.parquet", ["zebra", "ant", None])).classes == ("ant", "zebra")
    assert open_source(written(tmp_path / "b.parquet", [1, 0, 2])).classes == ("class_0", "class_1", "class_2")


def test_each_shard_has_names_of_its_own(tmp_path: Path) -> None:
    written(tmp_path / "train-0.parquet", [0, 1], ["zebra", "ant"])
    written(tmp_path / "train-1.parquet", [0, 1, -1], ["ant", "zebra"])
    written(tmp_path / "test-0.parquet", ["Ant", "zebra", None])
    manifest = open_source(tmp_path)
    assert list(manifest.table["label"]) == ["ant", "zebra", "", "zebra", "ant", "ant", "zebra", ""]
    assert manifest.classes == ("ant", "zebra")


def test_numbers_without_names_beside_names_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "train-0.parquet", ["zebra", "ant"])
    written(tmp_path / "train-1.parquet", [0, 1])
    with pytest.raises(SourceError, match=r"train-1\.parquet: its labels are numbers without names"):
        open_source(tmp_path)


def test_a_shard_without_labels_changes_nothing(tmp_path: Path) -> None:
    written(tmp_path / "train-0.parquet", [1, 0], ["zebra", "ant"])
    written(tmp_path / "test-0.parquet", [-1, -1])
    written(tmp_path / "val-0.parquet", [None, None])
    assert open_source(tmp_path).classes == ("zebra", "ant")


def test_bare_numbers_are_named_alike_in_all_shards(tmp_path: Path) -> None:
    written(tmp_path / "a.parquet", [0, 1, 2])
    written(tmp_path / "b.parquet", list(range(1, 11)))
    assert open_source(tmp_path).targets().tolist() == [0, 1, 2, *range(1, 11)]


def test_categories_and_truth_values(tmp_path: Path) -> None:
    categories = pa.array(["zebra", "ant", None]).dictionary_encode()
    assert list(open_source(written(tmp_path / "a.parquet", categories)).table["label"]) == ["zebra", "ant", ""]
    manifest = open_source(written(tmp_path / "b.parquet", [True, False, None]))
    assert list(manifest.table["label"]) == ["true", "false", ""]


def test_a_column_of_splits_goes_before_the_files_name(tmp_path: Path) -> None:
    splits = ["Test set", "", None, "valid"]
    manifest = open_source(written(tmp_path / "train-0.parquet", ["a", "b", "a", "b"], split=splits))
    assert list(manifest.table["split"]) == ["test", "train", "train", "val"]
    with pytest.raises(SourceError, match="line 1 names the split 'holdout'"):
        open_source(written(tmp_path / "train-0.parquet", ["a", "b"], split=["holdout", ""]))


def test_a_column_of_laboratories(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", ["a", "b", "a"], laboratory=["Lyon", None, "Pisa"])
    assert list(open_source(path).table["laboratory"]) == ["Lyon", "", "Pisa"]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 cut short")
    with pytest.raises(SourceError, match=r"a\.parquet: not a readable Parquet"):
        open_source(path)
    pq.write_table(pa.table({"picture": [b""], "label": [1]}), path)
    with pytest.raises(SourceError, match="no column 'image'; its columns are picture, label"):
        open_source(path)
    pq.write_table(pa.table({"image": [b""], "y": [1]}), path)
    with pytest.raises(SourceError, match="no column 'label'"):
        open_source(path)
    pq.write_table(pa.table({"image": ["text"], "label": [1]}), path)
    with pytest.raises(SourceError, match="column 'image' is string"):
        open_source(path)
    pq.write_table(pa.table({"image": [b""], "label": [1.5]}), path)
    with pytest.raises(SourceError, match="column 'label' is double"):
        open_source(path)
    with pytest.raises(SourceError, match="class number 5 has no name"):
        open_source(written(path, [0, 5], ["a", "b"]))
    with pytest.raises(SourceError, match="one class only"):
        open_source(written(path, ["x", "x"]))


def test_predictions_beside_class_folders_are_no_data_set(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        write_png(tmp_path / name, noise(0))
    columns = {"path": ["a/1.png"], "label": ["b"], "confidence": [0.9], "b": [0.9], "error": [None]}
    pq.write_table(pa.table(columns), tmp_path / "out.parquet")
    assert list(open_source(tmp_path).table["label"]) == ["a", "b"]
    with pytest.raises(SourceError, match="its labels are a model's"):
        open_source(tmp_path / "out.parquet")


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
