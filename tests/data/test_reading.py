import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hemascope.data.containers import open as containers
from hemascope.data.manifest import Manifest
from hemascope.data.reading import map_images, read_images
from hemascope.errors import DecodeError
from tests.data.pictures import noise, write_png


def files(folder: Path, count: int) -> Manifest:
    paths = [str(write_png(folder / f"{i:03d}.png", noise(i))) for i in range(count)]
    return Manifest.build(paths, ["a"] * count, ("a", "b"))


@pytest.mark.parametrize("threads", [1, 3, None])
def test_images_come_in_row_order(tmp_path: Path, threads: int | None) -> None:
    rows = list(read_images(files(tmp_path, 30), threads))
    assert [row for row, _ in rows] == list(range(30))
    for row, image in rows:
        np.testing.assert_array_equal(image, noise(row))


def test_a_bad_file_is_an_error_in_its_place(tmp_path: Path) -> None:
    manifest = files(tmp_path, 5).with_columns(error=["", "", "", "known to be bad", ""])
    Path(manifest.table["path"][1]).write_bytes(b"")
    Path(manifest.table["path"][2]).unlink()
    results = [result for _, result in read_images(manifest)]
    assert [isinstance(result, DecodeError) for result in results] == [False, True, True, True, False]
    assert "001.png: the file is empty" in str(results[1])
    assert "No such file" in str(results[2])
    assert str(results[3]) == "known to be bad"


def test_containers_of_every_kind_in_one_table(tmp_path: Path) -> None:
    archives = []
    for number in range(7):  # more than are kept open
        archives.append(str(tmp_path / f"{number}.npz"))
        np.savez(archives[-1], images=np.stack([noise(100 + number), noise(200 + number)]))
    broken = tmp_path / "broken.npz"
    broken.write_text("no zip")
    single = str(write_png(tmp_path / "x.png", noise(1)))
    paths = [*archives, single, str(broken), str(broken), *archives]
    members = [*["images/0"] * 7, "", "images/0", "images/1", *["images/1"] * 7]
    manifest = Manifest.build(paths, ["a"] * len(paths), ("a", "b"), members=members)
    results = [result for _, result in read_images(manifest, 2)]
    for number in range(7):
        np.testing.assert_array_equal(results[number], noise(100 + number))
        np.testing.assert_array_equal(results[10 + number], noise(200 + number))
    np.testing.assert_array_equal(results[7], noise(1))
    assert all(isinstance(result, DecodeError) and "broken.npz" in str(result) for result in results[8:10])


def test_a_container_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", images=np.stack([noise(i) for i in range(9)]))
    opened = []
    real = containers.open_container
    monkeypatch.setattr(containers, "open_container", lambda path: opened.append(path) or real(path))
    manifest = Manifest.build(
        [str(tmp_path / "a.npz")] * 9, ["a"] * 9, ("a", "b"), members=[f"images/{i}" for i in range(9)]
    )
    assert len(list(read_images(manifest))) == 9
    assert len(opened) == 1


def test_only_a_few_images_are_read_ahead(tmp_path: Path) -> None:
    read = []
    images = map_images(files(tmp_path, 60), lambda image: read.append(1), threads=2)
    next(images)
    time.sleep(0.2)
    assert len(read) <= 2 * 4
    images.close()


def test_leaving_early_ends_the_threads(tmp_path: Path) -> None:
    images = read_images(files(tmp_path, 60), threads=3)
    next(images)
    images.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_fault_in_the_function_is_not_taken_for_a_bad_image(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_images(files(tmp_path, 3), lambda image: 1 / 0))
