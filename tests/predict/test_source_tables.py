"""Tables that are sources of images."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.errors import DecodeError, SourceError
from hemascope.predict.items import items
from hemascope.predict.source_tables import check_table, holds_images, listed, pictures
from tests.predict.pictures import encoded, write_zip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_column_of_images_is_told_from_one_of_paths(here):
    data = encoded("basophil")
    pq.write_table(pa.table({"image": [data, data], "label": ["a", "b"]}), "images.parquet")
    pq.write_table(pa.table({"path": ["a.png"], "label": ["a"]}), "paths.parquet")
    assert holds_images("images.parquet")
    assert not holds_images("paths.parquet")
    assert list(pictures("images.parquet")) == [("images.parquet#image/0", data), ("images.parquet#image/1", data)]
    assert list(listed("paths.parquet")) == [("a.png", "", "")]


def test_rows_of_a_table_are_files_members_or_say_that_they_name_none(here):
    write_zip(here / "cells.zip", {"a.png": encoded("basophil", 6, 4)})
    (here / "list.csv").write_text("path,member,label\none.png,,a\ncells.zip,a.png,a\n,,a\n")
    (one, file), (member, read), (_, missing) = pictures("list.csv")
    assert (one, file) == ("one.png", "one.png")
    assert member == "cells.zip#a.png"
    assert read().shape == (6, 4, 3)
    assert str(missing) == "list.csv: the row names no file"


def test_a_table_without_images_and_paths_is_refused(here):
    (here / "numbers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="no column 'path'"):
        check_table("numbers.csv")


def test_a_parquet_file_whose_path_is_not_utf8_is_a_row_with_an_error(here):
    folder = here / os.fsdecode(b"\xe9")
    folder.mkdir()
    (folder / "cells.parquet").write_bytes(b"PAR1")
    (item,) = items([str(folder / "cells.parquet")])
    with pytest.raises(DecodeError, match="the name is not UTF-8"):
        item.pixels()
