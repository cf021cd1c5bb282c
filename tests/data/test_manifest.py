from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import COLUMNS, Manifest
from hemascope.errors import SourceError


@pytest.fixture
def manifest() -> Manifest:
    return Manifest.build(
        ["/a.png", "/b.npz", "/c.png", "/d.png"],
        ["platelet", "basophil", "", "basophil"],
        BLOOD_CLASSES,
        members=["", "train_images/7", "", ""],
        splits=["train", "val", "", "train"],
        errors=["", "", "", "/d.png: truncated"],
        name="set",
        licence="CC BY 4.0",
        attribution="Some Body",
    )


def test_what_is_not_given_is_neutral() -> None:
    row = Manifest.build(["/a.png"], ["x"], ("x", "y")).table.iloc[0].to_dict()
    assert row == {
        "path": "/a.png", "member": "", "label": "x", "split": "", "laboratory": "", "group": -1, "verdict": "keep",
        "error": "",
    }  # fmt: skip


def test_ids_targets_and_usable(manifest: Manifest) -> None:
    assert list(manifest.ids) == ["/a.png", "/b.npz#train_images/7", "/c.png", "/d.png"]
    assert manifest.targets().tolist() == [7, 0, -1, 0]
    assert manifest.targets().dtype == np.int64
    assert manifest.usable.tolist() == [True, True, True, False]
    dropped = manifest.with_columns(verdict=["drop", "review", "keep", "keep"])
    assert dropped.usable.tolist() == [False, True, True, False]
    assert manifest.usable.tolist() == [True, True, True, False]  # the first is as it was


def test_rows_by_mask_and_by_position(manifest: Manifest) -> None:
    by_mask = manifest.rows(np.array([True, False, False, True]))
    assert list(by_mask.table["path"]) == ["/a.png", "/d.png"]
    assert list(by_mask.table.index) == [0, 1]
    assert list(manifest.rows(np.array([3, 0])).table["path"]) == ["/d.png", "/a.png"]
    assert manifest.rows(manifest.table["split"] == "train").name == "set"
    assert len(manifest.rows(np.zeros(4, bool))) == 0


def test_counts_are_of_usable_images(manifest: Manifest) -> None:
    counts = manifest.counts()
    assert list(counts.index) == list(BLOOD_CLASSES)
    assert counts.loc["platelet", "train"] == 1
    assert counts.loc["basophil"].to_dict()["val"] == 1
    assert counts.loc["basophil"].to_dict()["train"] == 0  # its only one is unreadable
    assert counts.to_numpy().sum() == 2


def test_written_and_read_it_is_the_same(manifest: Manifest, tmp_path: Path) -> None:
    manifest.write(tmp_path / "run" / "manifest.parquet")
    read = Manifest.read(tmp_path / "run" / "manifest.parquet")
    assert read.table.equals(manifest.table)
    assert read.table.dtypes.equals(manifest.table.dtypes)
    assert list(read.table.columns) == list(COLUMNS)
    about = ("classes", "name", "licence", "attribution")
    assert [getattr(read, key) for key in about] == [getattr(manifest, key) for key in about]


def test_what_is_no_manifest_is_refused(manifest: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    path.write_text("no parquet")
    with pytest.raises(SourceError, match=r"m\.parquet: not a readable Parquet"):
        Manifest.read(path)
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(SourceError, match="format 0"):
        Manifest.read(path)
    manifest.write(path)
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"hemascope.format_version": b"2"}), path)
    with pytest.raises(SourceError, match="newer"):
        Manifest.read(path)


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("label", None, "its column 'label' is missing"),
        ("path", [1, 2, 3], "its column 'path' is int64"),
        ("verdict", ["keep", "KEEP", "keep"], "it has the verdict 'KEEP'"),
        ("split", ["train", "trian", ""], "it has the split 'trian'"),
        ("member", ["", None, ""], "some of its cells are empty"),
    ],
)
def test_a_damaged_manifest_is_refused(tmp_path: Path, column: str, values: list | None, reason: str) -> None:
    path = tmp_path / "m.parquet"
    Manifest.build(["1.png", "2.png", "3.png"], ["a", "b", "a"], ("a", "b")).write(path)
    table = pq.read_table(path)
    place = table.column_names.index(column)
    table = table.remove_column(place)
    if values is not None:
        table = table.add_column(place, column, pa.array(values))
    pq.write_table(table, path)
    with pytest.raises(SourceError, match=f"a damaged manifest: {reason}"):
        Manifest.read(path)


def test_the_rows_of_a_part_are_usable_and_of_a_known_class() -> None:
    manifest = Manifest.build(
        list("123456"),
        ["a", "b", "zebra", "", "a", "b"],
        ("a", "b"),
        splits=["train", "val", "val", "val", "val", "test"],
        errors=["", "", "", "", "broken", ""],
    ).with_columns(verdict=["keep", "review", "keep", "keep", "keep", "drop"])
    assert manifest.part("val").tolist() == [False, True, False, False, False, False]
    assert manifest.part("train", "val").tolist() == [True, True, False, False, False, False]
    assert not manifest.part("test").any()
    assert manifest.known(("zebra",)).tolist() == [False, False, True, False, False, False]
    assert len(manifest.in_split("val")) == 4
    assert manifest.in_split("") is manifest
    with pytest.raises(SourceError, match=r"no image is in the split 'other'"):
        manifest.in_split("other")


def test_a_manifest_of_release_0_1_0_names_no_laboratories(manifest: Manifest, tmp_path: Path) -> None:
    manifest.write(tmp_path / "m.parquet")
    table = pq.read_table(tmp_path / "m.parquet")
    pq.write_table(table.drop_columns("laboratory"), tmp_path / "old.parquet")
    read = Manifest.read(tmp_path / "old.parquet")
    assert read.table.equals(manifest.table)
    assert read.laboratories == ()
