import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.containers import npy_array, npy_headers, open_container
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import encoded, noise, write_png

IMAGES = np.stack([noise(i) for i in range(6)])


def write_parquet(path: Path, cells: list, row_group_size: int = 2) -> None:
    table = pa.table({"image": cells, "label": list(range(len(cells)))})
    pq.write_table(table, path, row_group_size=row_group_size)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_arrays_come_back_and_uncompressed_ones_are_mapped(tmp_path: Path, save, order: str) -> None:
    images = np.array(IMAGES, order=order)
    save(tmp_path / "a.npz", first=np.arange(3), images=images, labels=np.arange(6, dtype=np.uint8)[:, None])
    assert npy_headers(tmp_path / "a.npz")["images"] == ((6, 12, 12, 3), np.dtype(np.uint8))
    loaded = npy_array(tmp_path / "a.npz", "images")
    np.testing.assert_array_equal(loaded, IMAGES)
    assert isinstance(loaded, np.memmap) == (save is np.savez)
    np.testing.assert_array_equal(npy_array(tmp_path / "a.npz", "labels"), np.arange(6)[:, None])


def test_npz_members(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, images=IMAGES, deep=IMAGES.astype(np.float32))
    container = open_container(str(path))
    np.testing.assert_array_equal(container.job("images/4")(), IMAGES[4])
    with pytest.raises(DecodeError, match="float32"):
        container.job("deep/0")()
    with pytest.raises(DecodeError, match="has 6 images"):
        container.job("images/6")
    with pytest.raises(SourceError, match="'gone' cannot be read"):
        container.job("gone/0")


def test_damaged_npz_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, images=IMAGES)
    whole = path.read_bytes()
    for data in (b"", b"no zip", whole[: len(whole) // 2]):
        path.write_bytes(data)
        with pytest.raises(SourceError, match=r"a\.npz: not a readable \.npz"):
            npy_headers(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", b"no array")
    with pytest.raises(SourceError, match=r"a\.npz: not a readable \.npz"):
        npy_headers(path)


def test_npz_of_python_objects_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.array([{}, {}], object))
    with pytest.raises(SourceError, match="allow_pickle"):
        npy_array(tmp_path / "a.npz", "images")


@pytest.mark.parametrize("struct", [True, False])
def test_parquet_members_across_row_groups(tmp_path: Path, struct: bool) -> None:
    data = [encoded(image) for image in IMAGES]
    write_parquet(tmp_path / "a.parquet", [{"bytes": d, "path": None} for d in data] if struct else data)
    container = open_container(str(tmp_path / "a.parquet"))
    for row in (0, 1, 2, 5, 3, 0):
        np.testing.assert_array_equal(container.job(f"image/{row}")(), IMAGES[row])
    with pytest.raises(DecodeError, match="fewer rows"):
        container.job("image/6")
    container.close()


def test_parquet_cells_without_bytes(tmp_path: Path) -> None:
    write_png(tmp_path / "beside.png", IMAGES[0])
    cells = [{"bytes": None, "path": "beside.png"}, {"bytes": None, "path": None}, None]
    write_parquet(tmp_path / "a.parquet", pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
    container = open_container(str(tmp_path / "a.parquet"))
    np.testing.assert_array_equal(container.job("image/0")(), IMAGES[0])
    for row in (1, 2):
        with pytest.raises(DecodeError, match=r"a\.parquet#image/.: no image in this row"):
            container.job(f"image/{row}")


def test_what_is_no_container(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text(json.dumps({}))
    with pytest.raises(SourceError, match="not a readable Parquet"):
        open_container(str(tmp_path / "a.parquet"))
    with pytest.raises(SourceError, match="not a container"):
        open_container("/a.zip")
