"""Objects of the library `datasets` as sources: the images stay where they lie, and are decoded by our decoder."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import hemascope
from hemascope.data.dataset import is_dataset, places, source_name
from hemascope.data.reading import read_images
from hemascope.data.smears import draw
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, SourceError
from hemascope.pipeline.parts import read_again
from hemascope.progress import SILENT
from tests.predict.model import write_model

datasets = pytest.importorskip("datasets", reason="pip install datasets")

NAMES = ["basophil", "monocyte", "platelet"]
N = 24


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(draw(0, number, 32).image).save(file, "PNG")
    return file.getvalue()


def rows(n: int = N) -> Iterator[dict[str, Any]]:
    for number in range(n):
        yield {"image": {"bytes": png(number), "path": None}, "label": number % 3}


@pytest.fixture(scope="module")
def features() -> Any:
    return datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})


@pytest.fixture(scope="module")
def dataset(features: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    datasets.disable_progress_bars()
    folder = tmp_path_factory.mktemp("datasets")
    return datasets.Dataset.from_generator(rows, features=features, cache_dir=str(folder))


def check_same(manifest: Any, dataset: Any, column: str = "image") -> None:
    """Row by row the pixels and labels are the dataset's own."""
    assert len(manifest) == len(dataset)
    for row, image in read_images(manifest):
        np.testing.assert_array_equal(image, np.asarray(dataset[row][column]))
    assert list(manifest.table["label"]) == [NAMES[number] for number in dataset["label"]]


def test_a_dataset_is_listed_where_it_lies(dataset: Any) -> None:
    manifest = open_source(dataset)
    check_same(manifest, dataset)
    assert set(manifest.table["path"]) == {file["filename"] for file in dataset.cache_files}
    assert manifest.table["member"].iloc[5] == "image/5"
    assert set(NAMES) <= set(manifest.classes)
    assert (manifest.name, is_dataset(dataset), is_dataset("x")) == ("generator", True, False)


def test_what_was_chosen_shuffled_joined_and_renamed_is_found(dataset: Any) -> None:
    check_same(open_source(dataset.shuffle(seed=1).select(range(9))), dataset.shuffle(seed=1).select(range(9)))
    joined = datasets.concatenate_datasets([dataset.select(range(20, 24)), dataset]).rename_column("image", "cell")
    check_same(open_source(joined), joined, "cell")
    filtered = dataset.filter(lambda number: number != 1, input_columns="label", keep_in_memory=True)
    assert set(open_source(filtered).table["label"]) == {"basophil", "platelet"}


def test_a_part_of_a_file_is_found(dataset: Any, features: Any, tmp_path: Path) -> None:
    dataset.save_to_disk(str(tmp_path / "saved"))
    saved = datasets.load_from_disk(str(tmp_path / "saved"))
    sliced = datasets.Dataset(saved._data.slice(7, 10), info=saved.info)  # as load_dataset(split="train[7:17]") gives
    found = places(sliced, "image")
    assert found is not None
    assert found.row.tolist() == list(range(7, 17))
    check_same(open_source(sliced), saved.select(range(7, 17)))


def test_a_dict_of_splits(dataset: Any) -> None:
    divided = dataset.train_test_split(0.25, seed=0)
    manifest = open_source(divided)
    assert manifest.table["split"].value_counts().to_dict() == {"train": 18, "test": 6}
    check_same(manifest.in_split("test"), divided["test"])


def test_other_columns_tell_laboratory_and_split(dataset: Any, tmp_path: Path) -> None:
    more = dataset.add_column("laboratory", ["north", "south"] * (N // 2)).add_column(
        "split", ["train", "val"] * (N // 2)
    )
    more.save_to_disk(str(tmp_path / "saved"))
    manifest = open_source(datasets.load_from_disk(str(tmp_path / "saved")))
    assert manifest.laboratories == ("north", "south")
    assert list(manifest.table["split"][:2]) == ["train", "val"]


def test_a_run_finds_the_images_again(dataset: Any, tmp_path: Path) -> None:
    open_source(dataset).write(tmp_path / "manifest.parquet")
    again = hemascope.Manifest.read(tmp_path / "manifest.parquet")
    images = read_again(again, 32, SILENT)
    np.testing.assert_array_equal(images[3], np.asarray(dataset[3]["image"]))
    assert open_source(tmp_path / "manifest.parquet").ids.tolist() == again.ids.tolist()


def test_what_lies_in_memory_or_streams_is_refused_where_a_run_would_need_it(features: Any, dataset: Any) -> None:
    memory = datasets.Dataset.from_list(list(rows(6)), features=features)
    for source in (memory, dataset.to_iterable_dataset()):
        with pytest.raises(SourceError, match=r"could not find them again\. Write it first, dataset\.to_parquet"):
            open_source(source)


def test_predicting_takes_any(features: Any, dataset: Any, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model.onnx")
    memory = datasets.Dataset.from_list(list(rows(6)), features=features)
    expected = hemascope.load(model)([png(number) for number in range(6)])
    first = list(hemascope.predict(dataset, model).rows())
    assert len(first) == N
    assert first[2]["path"] == open_source(dataset).ids.iloc[2]
    for source, names in (
        (memory, ["dataset#0", "dataset#1"]),
        (memory.to_iterable_dataset(), ["dataset#0", "dataset#1"]),
        (datasets.DatasetDict(test=memory), ["dataset#test/0", "dataset#test/1"]),
    ):
        found = list(hemascope.predict([source], model).rows())
        assert [row["label"] for row in found] == [one.label for one in expected]
        assert [row["path"] for row in found[:2]] == names
    with pytest.raises(SourceError, match=r"no column of images; its columns are label \(ClassLabel\)"):
        hemascope.predict(memory.remove_columns("image"), model)


def test_rows_without_an_image_or_a_damaged_one_are_named(features: Any, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model.onnx")
    bad = [{"image": None, "label": 0}, {"image": {"bytes": b"none", "path": None}, "label": -1}, *rows(2)]
    datasets.Dataset.from_list(bad, features=features).save_to_disk(str(tmp_path / "saved"))
    dataset = datasets.load_from_disk(str(tmp_path / "saved"))
    manifest = open_source(dataset)
    read = [image for _, image in read_images(manifest)]
    assert [isinstance(image, DecodeError) for image in read] == [True, True, False, False]
    assert "no image in this row" in str(read[0])
    assert manifest.table["label"].iloc[1] == ""
    errors = [row["error"] for row in hemascope.predict(dataset, model).rows()]
    assert [bool(error) for error in errors] == [True, True, False, False]


def test_an_arrow_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_bytes(b"not arrow")
    manifest = hemascope.Manifest.build([str(tmp_path / "a.arrow")], [""], (), members=["image/0"])
    ((_, found),) = read_images(manifest)
    assert "not a readable Arrow file" in str(found)


def test_its_name_stands_for_it(dataset: Any) -> None:
    assert source_name(dataset) == "generator"
    assert source_name(datasets.DatasetDict(train=dataset)) == "generator"
    with pytest.raises(SourceError, match="is empty"):
        open_source(datasets.DatasetDict())
