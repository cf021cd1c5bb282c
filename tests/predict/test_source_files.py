"""The files that sources consist of."""

import numpy as np
import pytest

from hemascope.predict.source_files import expanded, files, tell_passed_over
from tests.predict.pictures import files_in, write_folder, write_tar, write_zip
from tests.told import Told


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(source, also=()):
    return [found.path for found in files(source, also)]


def test_of_folders_and_globs_files_of_known_kinds_are_taken_and_those_asked_for(here):
    write_folder(here / "f", 2)
    (here / "f" / "notes.txt").touch()
    (here / "f" / "slide.SVS").touch()
    np.savez(here / "f" / "more.npz", images=np.zeros((1, 4, 4, 3), np.uint8))
    cells = ["f/cell_00000.png", "f/cell_00001.png"]
    assert names("f") == cells  # containers in folders are not opened
    assert names("f", also=(".svs",)) == [*cells, "f/slide.SVS"]
    assert names("f/*") == [*cells, "f/more.npz"]
    assert names("f/*", also=(".svs",)) == [*cells, "f/more.npz", "f/slide.SVS"]


def test_a_folder_without_pictures_gives_its_parquet_files(here):
    (here / "f").mkdir()
    for name in ("b.parquet", "a.parquet", "notes.txt"):
        (here / "f" / name).touch()
    assert names("f") == ["f/a.parquet", "f/b.parquet"]
    write_folder(here / "f", 1)
    assert names("f") == ["f/cell_00000.png"]


def test_a_file_by_its_own_name_is_taken_and_drawings_are_in_none(here, monkeypatch):
    monkeypatch.setenv("HOME", str(here))
    (here / "any.dat").touch()
    assert names("~/any.dat") == [expanded("~/any.dat")] == [str(here / "any.dat")]
    assert names("synthetic:4") == []


def test_files_passed_over_are_counted_by_suffix(here):
    write_folder(here / "f", 1)
    for name in ("a.HEIC", "b.heic", "c.dcm", "d", ".hidden", "g/e.heic"):
        (here / "f" / name).parent.mkdir(exist_ok=True)
        (here / "f" / name).touch()
    write_zip(here / "f.zip", files_in(here / "f"))
    write_tar(here / "f.tar", files_in(here / "f"))
    said = "5 files are no image by the suffix and passed over: 3 .heic, 1 .dcm, 1 no suffix"
    for source, lines in (("f", [said]), ("f.zip", [said]), ("f.tar", [said]), ("f/cell_00000.png", [])):
        told = Told()
        tell_passed_over([source], told)
        assert told.said == lines, source
