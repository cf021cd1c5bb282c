import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from tests.data.pictures import encoded, fill, noise
from tests.predict.pictures import files_in, write_tar, write_zip
from tests.told import Told


def test_class_folders(tmp_path: Path) -> None:
    folder = fill(tmp_path / "My cells", "Basophils/2.png", "Basophils/1.PNG", "Immature Granulocyte/deep/er/3.jpeg")
    manifest = open_source(folder)
    assert manifest.classes == BLOOD_CLASSES
    assert manifest.name == "My cells"
    assert list(manifest.table["label"]) == ["basophil", "basophil", "immature_granulocyte"]
    assert [str(Path(path).relative_to(folder)) for path in manifest.table["path"]] == [
        "Basophils/1.PNG",
        "Basophils/2.png",
        "Immature Granulocyte/deep/er/3.jpeg",
    ]
    assert set(manifest.table["split"]) == {""}


def test_other_class_sets_are_sorted(tmp_path: Path) -> None:
    assert open_source(fill(tmp_path, "zebra/1.png", "Ant Hill/1.png")).classes == ("ant_hill", "zebra")


def test_class_folders_that_would_be_called_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"'CD4\+' and 'CD4-' would both be called 'cd4'"):
        open_source(fill(tmp_path, "CD4+/1.png", "CD4-/1.png", "CD8/1.png"))


def test_links_give_no_image_another_label(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "b" / "up").symlink_to("..")
    (tmp_path / "a" / "self").symlink_to(".")
    (tmp_path / "a" / "beside").symlink_to("../b")
    (tmp_path / "0").symlink_to("b")
    (tmp_path / "1").symlink_to(".")
    for source in (tmp_path, tmp_path / "*", tmp_path / "*" / "**" / "*.png"):
        table = open_source(source).table
        assert [(Path(path).name, label) for path, label in zip(table["path"], table["label"], strict=True)] == [
            ("1.png", "a"),
            ("2.png", "b"),
        ], source


def test_a_name_that_is_not_utf8_is_a_row_with_an_error(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / os.fsdecode(b"\xe9.png")).write_bytes(encoded(noise(0, 2, 2)))
    manifest = open_source(tmp_path)
    manifest.write(tmp_path / "manifest.parquet")
    assert list(manifest.table["path"][1:2]) == [f"{tmp_path}/a/\\xe9.png"]
    assert [error.rpartition(": ")[2] for error in manifest.table["error"]] == [
        "",
        "the name is not UTF-8; rename it",
        "",
    ]


def test_names_that_are_not_utf8_in_a_folder_without_classes(tmp_path: Path) -> None:
    fill(tmp_path, "1.png")
    (tmp_path / os.fsdecode(b"\xe9.png")).write_bytes(encoded(noise(0, 2, 2)))
    manifest = open_source(tmp_path, unlabelled=True)
    manifest.write(tmp_path / "manifest.parquet")
    assert sorted(manifest.table["error"]) == ["", f"{tmp_path}/\\xe9.png: the name is not UTF-8; rename it"]


@pytest.mark.parametrize("name", ["cells", "cells.tar", "cells.zip", "list.csv", "cells.npz", "data/train.parquet"])
def test_a_source_whose_path_is_not_utf8_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / os.fsdecode(b"\xe9")
    fill(folder / "cells", "a/1.png", "b/1.png")
    (folder / "list.csv").write_text("path,label\ncells/a/1.png,a\ncells/b/1.png,b\n")
    write_tar(folder / "cells.tar", files_in(folder / "cells"))
    write_zip(folder / "cells.zip", files_in(folder / "cells"))
    np.savez(folder / "cells.npz", images=np.zeros((2, 4, 4, 3), np.uint8), labels=np.arange(2))
    (folder / "data").mkdir()
    with (folder / "data" / "train.parquet").open("wb") as file:
        pq.write_table(pa.table({"image": [encoded(noise(0, 2, 2))] * 2, "label": ["a", "b"]}), file)
    for unlabelled in (False, True):
        with pytest.raises(SourceError, match="the name is not UTF-8, so no table can hold it") as caught:
            open_source(folder / name, unlabelled=unlabelled)
        assert f"{tmp_path}/\\xe9" in str(caught.value)


def test_files_that_are_passed_over_are_told(tmp_path: Path) -> None:
    fill(tmp_path / "set", "a/1.png", "b/1.png", "whole.png")
    for name in ("a/2.HEIC", "b/2.heic", "b/3", "notes.dcm", ".hidden"):
        (tmp_path / "set" / name).touch()
    write_zip(tmp_path / "set.zip", files_in(tmp_path / "set"))
    said = []
    for source in ("set", "set.zip", "set/**"):
        told = Told()
        open_source(tmp_path / source, progress=told)
        said.append(told.said)
    passed = "4 files are no image by the suffix and passed over: 2 .heic, 1 no suffix, 1 .dcm"
    beside = "1 picture lies beside the class folders, without a class, and passed over"
    assert said[0] == [passed, beside]
    assert said[1] == [passed, beside]
    assert said[2] == [beside]


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "set/a/1.png", "set/b/1.png")
    monkeypatch.chdir(tmp_path)
    assert list(open_source("set").table["path"]) == [str(tmp_path / "set" / name / "1.png") for name in "ab"]


def test_what_file_managers_leave_is_passed_over(tmp_path: Path) -> None:
    fill(
        tmp_path,
        "a/1.png",
        "b/1.png",
        "__MACOSX/a/1.png",
        ".cache/1.png",
        "a/.hidden.png",
        "a/.DS_Store",
        "b/Thumbs.db",
    )
    assert len(open_source(tmp_path)) == 2


def test_files_that_are_no_images_are_listed_with_the_reason(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "a/notes.txt", "b/1.png")
    table = open_source(tmp_path).table
    assert [error.split("/")[-1] for error in table["error"]] == [
        "",
        "notes.txt: not an image file by its suffix '.txt'",
        "",
    ]


def test_a_folder_of_notes_is_no_class(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png", "readme/notes.txt")
    manifest = open_source(tmp_path)
    assert manifest.classes == ("a", "b")
    assert manifest.targets().tolist() == [0, 1, -1]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "the folder is empty"),
        (["1.png", "2.png"], "holds images but no class folders.*hemascope predict"),
        (["a/1.png"], r"one class only \('a'\)"),
        (["train/a/1.png"], r"one class only \('a'\)"),
        (["train/1.png", "test/1.png"], "its train/val/test folders hold no class folders"),
        (["a/x.txt", "b/y.doc"], "hold no images"),
        (["train/a/1.png", "train/b/1.png", "more/c/1.png"], "more beside train/val/test folders"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, names: list[str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(fill(tmp_path, *names))


def test_empty_class_folders_are_no_classes(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "c").mkdir()
    assert open_source(tmp_path).classes == ("a", "b")


def test_a_set_with_one_class_of_the_eight_lines_up_with_them(tmp_path: Path) -> None:
    assert open_source(fill(tmp_path, "platelet/1.png")).targets().tolist() == [7]


def test_the_real_set_is_recognised_by_its_files(pbc: Path) -> None:
    manifest = open_source(pbc)
    assert manifest.licence == "CC BY 4.0"
    assert "Acevedo" in manifest.attribution
    assert "Barcelona" in manifest.attribution
    assert manifest.counts()["train"].tolist() == [852, 2181, 1085, 2026, 849, 993, 2330, 1643]
    assert manifest.counts()["val"].tolist() == [122, 312, 155, 290, 122, 143, 333, 235]


def test_other_laboratories_line_up_with_the_eight(other_laboratories: Path) -> None:
    manifest = open_source(other_laboratories / "tecom")
    assert manifest.classes == BLOOD_CLASSES
    assert len(manifest) == 300
    assert manifest.licence == ""


def archive(path: Path, *names: str) -> Path:
    return (write_zip if path.suffix == ".zip" else write_tar)(path, {name: encoded(noise(0, 2, 2)) for name in names})


def test_a_zip_is_read_as_a_tar_is(tmp_path: Path) -> None:
    names = ("My cells/train/a/1.png", "My cells/test/b/2.png", "__MACOSX/train/._1.png")
    manifest = open_source(archive(tmp_path / "cells.zip", *names))
    assert listed(manifest) == [("My cells/train/a/1.png", "a", "train"), ("My cells/test/b/2.png", "b", "test")]
    for _, image in read_images(manifest):
        np.testing.assert_array_equal(image, noise(0, 2, 2))
    assert len(open_source(tmp_path / "*.zip")) == 2


def listed(manifest: Manifest) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in manifest.table[["member", "label", "split"]].itertuples(index=False)]


def test_a_tar_of_class_folders(tmp_path: Path) -> None:
    names = ("valid/b/2.png", "train/a/x/1.png", "train/.a/1.png", "train/b/notes.txt", "readme.png")
    manifest = open_source(archive(tmp_path / "My cells.tar.gz", *names))
    assert manifest.name == "My cells"
    assert set(manifest.table["path"]) == {str(tmp_path / "My cells.tar.gz")}
    assert listed(manifest) == [
        ("train/a/x/1.png", "a", "train"),
        ("train/b/notes.txt", "b", "train"),
        ("valid/b/2.png", "b", "val"),
    ]
    assert manifest.table["error"][1].endswith("#train/b/notes.txt: not an image file by its suffix '.txt'")


@pytest.mark.parametrize("above", ["set", "a/b"])
def test_a_folder_above_all_others_in_a_tar_is_passed_over(tmp_path: Path, above: str) -> None:
    manifest = open_source(archive(tmp_path / "c.tar", f"{above}/x/1.png", f"{above}/y/2.png", f"{above}/notes.txt"))
    assert list(manifest.table["label"]) == ["x", "y"]


def test_a_class_or_a_split_above_all_others_in_a_tar_is_none_the_less_one(tmp_path: Path) -> None:
    manifest = open_source(archive(tmp_path / "c.tar", "Platelets/1/1.png", "Platelets/2/1.png"))
    assert set(manifest.table["label"]) == {"platelet"}
    assert set(open_source(archive(tmp_path / "d.tar", "val/a/1.png", "val/b/1.png")).table["split"]) == {"val"}


def test_a_name_that_is_twice_in_a_tar_is_one_image(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "c.tar", "w") as file:
        for name, number in (("a/1.png", 1), ("b/1.png", 2), ("a/1.png", 3)):
            data = encoded(noise(number))
            member = tarfile.TarInfo(name)
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    manifest = open_source(tmp_path / "c.tar")
    assert list(manifest.table["member"]) == ["a/1.png", "b/1.png"]
    np.testing.assert_array_equal(next(iter(read_images(manifest)))[1], noise(1))


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "is empty"),
        (["1.png", "2.png"], "holds images but no class folders"),
        (["zebra/1.png"], r"one class only \('zebra'\)"),
        (["a/x.txt", "b/y.doc"], "hold no images"),
        (["train/a/1.png", "train/b/1.png", "more/c/1.png"], "more beside train/val/test folders"),
    ],
)
def test_a_tar_that_cannot_be_read(tmp_path: Path, names: list[str], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(archive(tmp_path / "c.tar", *names))


def test_a_glob_takes_its_classes_from_the_folders_where_it_begins(tmp_path: Path, monkeypatch) -> None:
    fill(tmp_path / "set", "train/a/1.png", "train/a/2.png", "train/b/1.png", "test/b/1.png", "test/b/notes.txt")
    monkeypatch.chdir(tmp_path)
    manifest = open_source("set/*/*/1.*")
    assert list(manifest.table["path"]) == [
        str(tmp_path / "set" / name) for name in ("train/a/1.png", "train/b/1.png", "test/b/1.png")
    ]
    assert list(manifest.table["split"]) == ["train", "train", "test"]
    assert list(open_source("set/train/[ab]").table["label"]) == ["a", "a", "b"]
    assert len(open_source(tmp_path / "set" / "train" / "**")) == 3


def test_a_glob_of_archives_or_of_parquet(tmp_path: Path) -> None:
    archive(tmp_path / "1.tar", "a/1.png")
    archive(tmp_path / "2.tar", "set/b/1.png")
    assert [Path(path).name for path in open_source(tmp_path / "*.tar").table["path"]] == ["1.tar", "2.tar"]
    for split in ("train", "test"):
        table = pa.table({"image": [encoded(noise(1))] * 2, "label": ["a", "b"]})
        pq.write_table(table, tmp_path / f"{split}-0.parquet")
    assert list(open_source(tmp_path / "t*.parquet").table["split"]) == ["test", "test", "train", "train"]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("*.png", "holds images but no class folders"), ("n*.jpg", "no picture matches"), ("*.npz", "Name one of them")],
)
def test_globs_that_cannot_be_read(tmp_path: Path, pattern: str, reason: str) -> None:
    fill(tmp_path, "1.png")
    np.savez(tmp_path / "a.npz", images=np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(SourceError, match=reason):
        open_source(tmp_path / pattern)


@pytest.mark.parametrize("source", ["cells", "cells/*.png", "cells/1.png", "c.tar", "c.npz", "c.csv", "c.parquet"])
def test_images_without_labels_where_they_will_do(tmp_path: Path, source: str) -> None:
    fill(tmp_path / "cells", "1.png")
    (tmp_path / "cells" / "notes.txt").touch()
    (tmp_path / "cells" / "empty").mkdir()
    archive(tmp_path / "c.tar", "1.png", "notes.txt")
    np.savez(tmp_path / "c.npz", images=noise(0, 2, 2)[None])
    (tmp_path / "c.csv").write_text("path\ncells/1.png\n")
    pq.write_table(pa.table({"image": [encoded(noise(0, 2, 2))]}), tmp_path / "c.parquet")
    with pytest.raises(SourceError):
        open_source(tmp_path / source)
    manifest = open_source(tmp_path / source, unlabelled=True)
    assert manifest.classes == ()
    assert manifest.table["label"].tolist() == [""]
    ((_, image),) = read_images(manifest)
    np.testing.assert_array_equal(image, noise(0, 2, 2))


def test_labels_are_read_also_where_none_are_needed(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png", "3.png")
    assert list(open_source(tmp_path, unlabelled=True).table["label"]) == ["a", "b"]
