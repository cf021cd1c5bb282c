import io
import pickle
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.errors import DecodeError, EngineError
from hemascope.predict import cut as cutting
from hemascope.predict.cut import Entry, Part, cut
from hemascope.predict.items import items
from hemascope.predict.worker import Reader, require_seen, unseen
from tests.predict.pictures import encoded, picture, write_folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with 12 cells in ``cells``."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", 12)
    return tmp_path


def tar(path, n, mode="w", *, links=False):
    """A tar of n pictures, with one link if asked for."""
    with tarfile.open(path, mode) as archive:
        for number in range(n):
            data = encoded("basophil")
            about = tarfile.TarInfo(f"x/{number}.png")
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
        if links:
            about = tarfile.TarInfo("x/link.png")
            about.type, about.linkname = tarfile.SYMTYPE, "0.png"
            archive.addfile(about)


def seen(images):
    """Name and pixels, or error, of every image."""
    found = []
    for item in images:
        try:
            found.append((item.path, item.pixels().tobytes()))
        except DecodeError as problem:
            found.append((item.path, str(problem)))
    return found


def alike(*sources):
    """Read all of the sources where they are cut, and as they are here; gives the parts."""
    parts = [pickle.loads(pickle.dumps(part)) for part in cut(sources, images=5)]
    reader = Reader()
    assert seen(item for part in parts for item in reader.items(part)) == seen(items(sources))
    return parts


def carried(parts):
    """How many images go with their parts, in place of where they are."""
    return sum(entry.picture is not None for part in parts for entry in part.entries)


def test_pictures_go_by_their_paths(here):
    (here / "cells" / "z.png").touch()
    parts = alike("cells", "cells/*1.png", str(here / "cells"))
    assert [len(part.entries) for part in parts] == [5, 5, 5, 5, 5, 3]
    assert carried(parts) == 0
    assert parts[0].folder == str(here)


def test_archives_go_by_the_places_in_them(here):
    tar("a.tar", 7, links=True)
    with zipfile.ZipFile("b.zip", "w") as archive:
        for number in range(6):
            archive.writestr(f"{number}.png", encoded("basophil") if number else b"none")
        archive.writestr("about.txt", "no picture")
    assert carried(alike("a.tar", "b.zip")) == 1  # the link's error


def test_what_is_read_from_front_to_end_goes_with_its_part(here):
    tar("a.tar.gz", 7, "w:gz")
    np.savez_compressed("b.npz", images=np.stack([picture("basophil")] * 6))
    with zipfile.ZipFile("c.zip", "w") as archive:
        archive.writestr("same.png", encoded("basophil"))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("same.png", encoded("eosinophil"))
    assert carried(alike("a.tar.gz", "b.npz", "c.zip")) == 15


def test_rows_go_by_their_numbers(here):
    np.savez("a.npz", test_images=np.stack([picture("basophil")] * 6), images=np.stack([picture("lymphocyte")] * 3))
    rows = [{"bytes": encoded("basophil"), "path": None}] * 8 + [None, {"bytes": b"none", "path": None}]
    pq.write_table(pa.table({"image": rows}), "b.parquet", row_group_size=3)
    (here / "c.csv").write_text("path,member\ncells/cell_00001.png,\na.npz,images/1\nnowhere.png,\n", "utf-8")
    assert carried(alike("a.npz", "b.parquet", "c.csv")) == 0


def test_damaged_files_give_the_rows_that_they_give_here(here):
    tar("whole.tar", 7)
    tar("whole.tar.gz", 7, "w:gz")
    np.savez("whole.npz", images=np.stack([picture("basophil")] * 6))
    pq.write_table(pa.table({"image": [encoded("basophil")] * 8}), "whole.parquet")
    for name in ("whole.tar", "whole.tar.gz", "whole.npz", "whole.parquet"):
        data = (here / name).read_bytes()
        for number, end in enumerate((len(data) // 2, len(data) - 700, 5)):
            (here / f"{number}{name.removeprefix('whole')}").write_bytes(data[:end])
            alike(f"{number}{name.removeprefix('whole')}")


def test_parts_grow_with_their_number_and_not_with_what_they_carry(here, monkeypatch):
    monkeypatch.setattr(cutting, "_GROW", 2)
    assert [len(part.entries) for part in cut(["synthetic:50"], images=4)] == [4, 4, 8, 8, 12, 12, 2]
    assert len(list(cut(["synthetic:10000"], images=8))) == pytest.approx(10000 / 64, rel=0.1)
    monkeypatch.setattr(cutting, "_MOST_BYTES", 500)
    np.savez_compressed("b.npz", images=np.stack([picture("basophil")] * 6))
    assert [len(part.entries) for part in cut(["b.npz"])] == [3, 3]


def test_where_the_paths_lead_nowhere_it_is_said(here, tmp_path_factory):
    part = next(cut(["cells"]))
    with pytest.raises(EngineError, match=r"/nowhere/cells/cell_00000\.png: is on this machine, but not where the"):
        list(Reader().items(Part("/nowhere", part.entries)))
    named = tuple(entry._replace(file=str(here / entry.file)) for entry in part.entries)
    assert len(list(Reader().items(Part("/nowhere", named)))) == 12  # they are the same from anywhere
    entries = [Entry("a", "gone.png"), Entry("b", "cells/cell_00000.png"), Entry("c", "synthetic://0", "9"),
               Entry("d", "s3://bucket/d.png")]  # fmt: skip
    assert unseen(entries) == ("gone.png",)
    require_seen(("gone.png",), "host")  # nor is it here: a row with an error is right
    with pytest.raises(
        EngineError, match=r"cell_00000\.png: is on this machine.*\(host\).*shared filesystem, or a URL"
    ):
        require_seen(("cells/cell_00000.png",), "host")
