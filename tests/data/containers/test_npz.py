import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.containers.npz import npy_array, npy_headers
from hemascope.data.containers.open import open_container
from hemascope.errors import DecodeError, SourceError
from tests.data.pictures import noise

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
