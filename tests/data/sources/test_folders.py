from pathlib import Path

import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from tests.data.pictures import noise, write_png


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        write_png(folder / name, noise(0, 2, 2))
    return folder


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


@pytest.mark.parametrize("val", ["val", "valid", "Validation"])
def test_split_folders(tmp_path: Path, val: str) -> None:
    manifest = open_source(fill(tmp_path, f"{val}/a/1.png", "Training/a/1.png", "Training/b/1.png", "testing/b/1.png"))
    assert list(manifest.table["split"]) == ["train", "train", "val", "test"]
    assert list(manifest.table["label"]) == ["a", "b", "a", "b"]


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
