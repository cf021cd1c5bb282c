"""The same images, named in every way there is: the same pixels, labels and splits."""

import csv
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.predict.items import check, count, items
from tests.data.pictures import encoded, noise, write_png
from tests.predict.pictures import write_tar, write_zip

CLASSES = ("Monocyte", "platelets", "zebra")
SPLITS = ("train", "valid", "Testing")

FILES = st.lists(
    st.tuples(st.sampled_from(CLASSES), st.sampled_from(SPLITS), st.sampled_from(["", "deep", "deep/er"])),
    min_size=2,
    max_size=12,
).filter(lambda files: len({label for label, _, _ in files}) > 1)


def tree(files, in_splits):
    """Path below the root -> pixels."""
    found = {}
    for number, (label, split, folder) in enumerate(files):
        parts = [split if in_splits else "", label, folder, f"{number}.png"]
        found["/".join(filter(None, parts))] = noise(number, 3, 4)
    return found


def written(root, images):
    """Every way to name the images: how -> source."""
    for name, image in images.items():
        write_png(root / "cells" / name, image)
    data = {name: encoded(image) for name, image in images.items()}
    write_tar(root / "flat.tar", data)
    write_tar(root / "dotted.tar.gz", {f"./{name}": bytes_ for name, bytes_ in data.items()})
    write_tar(root / "nested.tar.xz", {f"my set/{name}": bytes_ for name, bytes_ in data.items()})
    write_zip(root / "flat.zip", data)
    write_zip(root / "nested.zip", {f"my set/{name}": bytes_ for name, bytes_ in data.items()})
    whole = open_source(root / "cells")
    whole.write(root / "manifest.parquet")
    open_source(root / "nested.tar.xz").write(root / "of_tar.parquet")
    with (root / "list.csv").open("w", newline="") as file:
        rows = zip(whole.table["path"], whole.table["label"], whole.table["split"], strict=True)
        csv.writer(file).writerows([("path", "label", "split"), *rows])
    pq.write_table(pa.table({name: list(whole.table[name]) for name in ("path", "label", "split")}), root / "l.parquet")
    return {
        "folder": root / "cells",
        "files": root / "cells" / "*" / "**" / "*.png",
        "folders": root / "cells" / "*",
        "tar": root / "flat.tar",
        "dotted tar": root / "dotted.tar.gz",
        "nested tar": root / "nested.tar.xz",
        "zip": root / "flat.zip",
        "nested zip": root / "nested.zip",
        "zips": root / "fl*.zip",
        "tars": root / "fl*.tar",
        "manifest": root / "manifest.parquet",
        "manifest of a tar": root / "of_tar.parquet",
        "CSV": root / "list.csv",
        "list in Parquet": root / "l.parquet",
    }


def contents(manifest):
    """Label, split and pixels of every row, in no order."""
    assert not manifest.table["error"].any()
    assert not manifest.ids.duplicated().any()
    rows = zip(manifest.table["label"], manifest.table["split"], read_images(manifest, 1), strict=True)
    return sorted((label, split, image.tobytes()) for label, split, (_, image) in rows)


@settings(deadline=None, max_examples=15)
@given(FILES, st.booleans())
def test_every_way_gives_the_same_images_labels_and_splits(files, in_splits):
    images = tree(files, in_splits)
    pixels = sorted(image.tobytes() for image in images.values())
    with tempfile.TemporaryDirectory() as folder:
        expected = None
        for how, source in written(Path(folder).resolve(), images).items():
            manifest = open_source(source)
            expected = expected or contents(manifest)
            assert contents(manifest) == expected, how
            check([str(source)])
            found = list(items([str(source)]))
            assert sorted(item.pixels().tobytes() for item in found) == pixels, how
            assert count([str(source)]) in (len(images), None), how
            assert len({item.path for item in found}) == len(images), how


@pytest.mark.parametrize("named", ["bloodmnist.npz", "data"])
def test_what_holds_its_labels_itself(tmp_path, named):
    images = np.stack([noise(number, 5, 5) for number in range(8)])
    if named == "data":
        cells = [{"bytes": encoded(image), "path": None} for image in images]
        (tmp_path / named).mkdir()
        labels = ["platelet", "monocyte"] * 4
        pq.write_table(pa.table({"image": cells, "label": labels}), tmp_path / named / "train-0.parquet")
    else:
        np.savez(tmp_path / named, train_images=images, train_labels=np.arange(8))
    source = str(tmp_path / named)
    manifest = open_source(source)
    found = list(items([source]))
    assert [item.path for item in found] == list(manifest.ids)
    for item, (_, image), original in zip(found, read_images(manifest), images, strict=True):
        np.testing.assert_array_equal(item.pixels(), original)
        np.testing.assert_array_equal(image, original)
    assert count([source]) == 8


def test_drawings():
    manifest = open_source("synthetic:9:4")
    found = list(items(["synthetic:9:4"]))
    assert [item.path for item in found] == list(manifest.ids)
    for item, (_, image) in zip(found, read_images(manifest), strict=True):
        np.testing.assert_array_equal(item.pixels(), image)
    assert count(["synthetic:9:4"]) == 9
