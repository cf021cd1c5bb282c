from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import noise, write_png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("1.png", "sub/2.png", "3.png"):
        write_png(tmp_path / name, noise(0, 2, 2))
    return tmp_path


def table(folder: Path, text: str, name: str = "list.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


@pytest.mark.parametrize(
    "text",
    [
        "path,label\n1.png,Basophil\nsub/2.png,platelets\n",
        "Filename;Class\r\n1.png;Basophil\r\n\r\nsub/2.png;platelets\r\n",
        "id\ttarget\timage\n7\tBasophil\t1.png\n8\tplatelets\tsub/2.png",
        '\ufefflabel,file\n"Basophil","1.png"\n" platelets ",sub/2.png\n',
    ],
)
def test_headers_and_delimiters(folder: Path, text: str) -> None:
    manifest = open_source(table(folder, text))
    assert manifest.classes == BLOOD_CLASSES
    assert list(manifest.table["label"]) == ["basophil", "platelet"]
    assert list(manifest.table["path"]) == [str(folder / "1.png"), str(folder / "sub" / "2.png")]
    assert set(manifest.table["error"]) == {""}
    assert manifest.name == "list"


def test_splits_absolute_paths_and_empty_labels(folder: Path) -> None:
    text = f"path,label,split\n{folder / '1.png'},b,Train\nsub/2.png,a,validation\n3.png,,\n"
    manifest = open_source(table(folder, text))
    assert list(manifest.table["split"]) == ["train", "val", ""]
    assert list(manifest.table["label"]) == ["b", "a", ""]
    assert manifest.classes == ("a", "b")
    assert manifest.table["path"][0] == str(folder / "1.png")


def test_missing_files_are_rows_with_an_error(folder: Path) -> None:
    manifest = open_source(table(folder, "path,label\n1.png,a\ngone.png,b\n,b\n3.png,b\n"))
    assert [error.split("/")[-1] for error in manifest.table["error"]] == [
        "",
        "gone.png: no such file",
        "the row names no file",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"list\.csv: the file is empty"),
        ("path,label\n", "a header but no rows"),
        ("path,size\n1.png,3\n", "no column 'label'; its columns are path, size"),
        ("where,label\n1.png,a\n", "no column 'path'"),
        ("path,label,split\n1.png,a,holdout\n", "line 2 names the split 'holdout'"),
        ("path,label\n1.png,a\n3.png\n", "line 3 has 1 columns, the header 2"),
        ("path,label\nx.png,a\ny.png,b\n", "none of its 2 files exists, the first is .*x.png"),
        ("path,label\n1.png,a\n", "one class only"),
        ('path,label\n1.png,"a\n', "not a readable CSV"),
    ],
)
def test_what_cannot_be_read(folder: Path, text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        open_source(table(folder, text))


PREDICTED = "path,label,confidence,a,b,error\n{0},a,0.9,0.9,0.1,\n{1},b,0.8,0.2,0.8,\n"


def test_predictions_are_no_truth(folder: Path) -> None:
    path = table(folder, PREDICTED.format("1.png", "3.png"))
    with pytest.raises(SourceError, match="its labels are a model's, not the truth"):
        open_source(path)
    assert len(open_source(path, unlabelled=True)) == 2


def test_paths_of_predictions_start_where_predict_ran(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "out").mkdir()
    path = table(folder, PREDICTED.format("1.png", "sub/2.png"), "out/p.csv")
    monkeypatch.chdir(folder)
    assert not any(open_source(path, unlabelled=True).table["error"])


def test_names_with_blanks_or_a_carriage_return(folder: Path) -> None:
    for name in (" x.png", "a\rb.png"):
        write_png(folder / name, noise(0, 2, 2))
    manifest = open_source(table(folder, 'path,label\n" x.png",a\n"a\rb.png",b\n'))
    assert not any(manifest.table["error"])


def test_another_encoding_is_named_as_such(folder: Path) -> None:
    with pytest.raises(SourceError, match="UTF-8"):
        open_source(table(folder, "path,label\n1.png,a\n", encoding="utf-16"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 5000, "no such file"),
        ("synthetic://x#1", "names no drawings"),
        ("synthetic://0#x", "names no row of the file"),
        ("set.npz#images/-1", "names no row of the file"),
        ("set.npz#images/" + "9" * 5000, "names no row of the file"),
        ("set.npz#scalar/0", "the array has no images"),
        ("set.parquet#image/x", "names no row of the file"),
        ("set.parquet#words/0", "the file has no such column of images"),
    ],
)
def test_a_name_that_leads_nowhere_is_a_row_with_an_error(folder: Path, name: str, reason: str) -> None:
    np.savez(folder / "set.npz", images=np.zeros((2, 3, 3, 3), np.uint8), scalar=np.array(1))
    pq.write_table(pa.table({"image": [b""], "words": ["1.png"]}), folder / "set.parquet")
    manifest = open_source(table(folder, f"path,label\n{name},a\n1.png,b\n1.png,a\n"))
    (_, first), (_, second), _ = read_images(manifest)
    assert isinstance(first, DecodeError)
    assert reason in first.problem
    assert not isinstance(second, DecodeError)


def test_laboratories(folder: Path) -> None:
    manifest = open_source(table(folder, "path,label,Site\n1.png,a,Lyon\nsub/2.png,b, Pisa \n3.png,a,\n"))
    assert list(manifest.table["laboratory"]) == ["Lyon", "Pisa", ""]
    assert manifest.laboratories == ("Lyon", "Pisa")
    assert set(open_source(table(folder, "path,label\n1.png,a\n3.png,b\n")).table["laboratory"]) == {""}
