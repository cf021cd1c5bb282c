import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.data.containers import npz
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


def test_a_mapped_array_is_mapped_anew_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "_MAPPED", 1_000)  # less than three images
    mapped: list[str] = []
    monkeypatch.setattr(npz, "npy_array", lambda path, key: mapped.append(key) or npy_array(path, key))
    np.savez(tmp_path / "a.npz", images=IMAGES)
    container = open_container(str(tmp_path / "a.npz"))
    jobs = [container.job(f"images/{row}") for row in (0, 3, 1, 5, 2, 4)]
    assert len(mapped) == 2
    np.testing.assert_array_equal(np.stack([job() for job in jobs]), IMAGES[[0, 3, 1, 5, 2, 4]])


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


def packed(path: Path, content: bytes, size: int) -> str:
    """A .npz whose array of images begins with ``content`` and goes on with zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("images.npy", "w") as file:
        file.write(content)
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return str(path)


def head(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x93NUMPY\2\0" + (3 << 30).to_bytes(4, "little"), "its header has 3,221,225,472 bytes"),
        (head((1, 18_000, 18_000, 3)), "927 MiB are more than|images of 324,000,000 pixels, more than 25,000,000"),
    ],
)
def test_a_header_or_an_image_that_unpacks_to_much_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = packed(tmp_path / "a.npz", content, 20 << 20)
    tracemalloc.start()
    ((name, problem),) = npz.images(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert name in ("images", "images/0")
    with pytest.raises(DecodeError, match=reason):
        raise problem
    assert peak < 4 << 20


def test_an_image_of_a_mapped_array_has_its_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", images=IMAGES)
    monkeypatch.setenv("HEMASCOPE_MAX_PIXELS", "143")
    with pytest.raises(DecodeError, match=r"a\.npz#images/0: images of 144 pixels, more than 143"):
        open_container(str(tmp_path / "a.npz")).job("images/0")


def test_an_array_that_does_not_fit_into_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=IMAGES)
    monkeypatch.setattr(npz, "_memory", lambda: IMAGES.nbytes - 1)
    with pytest.raises(
        SourceError, match=r"'images' cannot be read \(it unpacks to 0\.0 GiB, more than this machine has"
    ):
        npy_array(tmp_path / "a.npz", "images")
