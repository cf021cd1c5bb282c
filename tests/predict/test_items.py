import os
import zipfile

import numpy as np
import pytest

from hemascope.errors import DecodeError, SourceError
from hemascope.predict import items
from tests.predict.pictures import encoded, picture, write_folder, write_tar


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def paths(*given):
    return [item.path for item in items.items(given)]


def test_a_folder_gives_its_images_sorted_and_with_subfolders(here):
    for name in ("b/2.png", "b/10.JPG", "a.jpeg", "c.txt", ".hidden.png", ".git/x.png", "b/c/d.tif"):
        (here / "f" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "f" / name).touch()
    assert paths("f") == ["f/a.jpeg", "f/b/10.JPG", "f/b/2.png", "f/b/c/d.tif"]
    assert items.count(["f"]) == 4


def test_a_folder_that_links_to_itself_ends(here):
    write_folder(here / "f", 1)
    (here / "f" / "loop").symlink_to(here / "f", target_is_directory=True)
    assert paths("f") == ["f/cell_00000.png"]


def test_named_files_keep_their_order_and_any_suffix(here):
    for name in ("z.png", "a.dat"):
        (here / name).touch()
    assert paths("z.png", "a.dat", "z.png") == ["z.png", "a.dat", "z.png"]


def test_globs(here):
    write_folder(here / "f" / "g", 2)
    (here / "f" / "notes.txt").touch()
    np.savez(here / "f" / "more.npz", images=np.zeros((1, 4, 4, 3), np.uint8))
    inside = ["f/g/cell_00000.png", "f/g/cell_00001.png"]
    assert paths("f/*/cell_*.png") == inside
    assert paths("f/**") == [*inside, "f/more.npz#images/0"]  # each once, though ** matches the folder too
    assert paths("f/*") == [*inside, "f/more.npz#images/0"]


def test_brackets_in_a_real_name_are_no_glob(here):
    (here / "cell[1].png").touch()
    items.check(["cell[1].png"])
    assert paths("cell[1].png") == ["cell[1].png"]


@pytest.mark.parametrize("given", ["gone.png", "gone/", "no*.png"])
def test_what_matches_nothing_is_named(here, given):
    with pytest.raises(SourceError, match=r"gone|no"):
        items.check([".", given])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_rows_come_one_by_one(here, save):
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (300, 40, 30, 3), np.uint8)
    grey = rng.integers(0, 256, (5, 28, 28), np.uint8)
    save(here / "m.npz", train_images=colour, train_labels=np.zeros(300), val_images=grey)
    found = list(items.items(["m.npz"]))
    assert [item.path for item in found] == [
        *(f"m.npz#train_images/{i}" for i in range(300)),
        *(f"m.npz#val_images/{i}" for i in range(5)),
    ]
    assert all(np.array_equal(item.pixels(), row) for item, row in zip(found, colour, strict=False))
    assert np.array_equal(found[-1].pixels(), np.repeat(grey[4][..., None], 3, axis=2))
    assert items.count(["m.npz"]) == 305


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"labels": np.zeros(3)}, "no array called images"),
        ({"images": np.zeros((2, 4, 4, 3))}, "float64"),
        ({"images": np.zeros((2, 4), np.uint8)}, r"uint8 \(2, 4\)"),
        ({"images": np.asfortranarray(np.zeros((2, 4, 4, 3), np.uint8))}, "Fortran"),
        ({"images": np.array([None, 1], object)}, "object"),
    ],
)
def test_an_npz_that_holds_no_images_gives_one_item_with_the_reason(here, arrays, reason):
    np.savez(here / "m.npz", **arrays)
    (item,) = items.items(["m.npz"])
    with pytest.raises(DecodeError, match=reason):
        item.pixels()


def test_a_damaged_npz_gives_the_rows_before_the_damage(here):
    images = np.random.default_rng(0).integers(0, 256, (400, 64, 64, 3), np.uint8)
    np.savez(here / "m.npz", images=images)
    data = bytearray((here / "m.npz").read_bytes())
    with zipfile.ZipFile(here / "m.npz") as archive:
        size = archive.infolist()[0].file_size
    data[size - 1000] ^= 1  # the checksum finds it when the last row is read
    (here / "m.npz").write_bytes(data)
    *good, last = items.items(["m.npz"])
    assert all(np.array_equal(item.pixels(), row) for item, row in zip(good, images, strict=False))
    with pytest.raises(DecodeError, match=r"CRC.*lost"):
        last.pixels()


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.xz"])
def test_tar_members_keep_their_order(here, name):
    write_tar(here / name, {"z.png": encoded("basophil"), "d/.x.png": b"", "notes.txt": b"", "d/a.png": b"bad"})
    first, second = items.items([name])
    assert (first.path, second.path) == (f"{name}#z.png", f"{name}#d/a.png")
    assert np.array_equal(first.pixels(), picture("basophil"))
    with pytest.raises(DecodeError, match="not a picture"):
        second.pixels()
    assert items.count([name]) == (2 if name == "a.tar" else None)


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
@pytest.mark.parametrize("cut", [0, 200, 512, 1500])
def test_a_broken_off_archive_gives_what_comes_before(here, name, cut):
    noise = {f"{i}.png": os.urandom(2000) for i in range(50)}
    write_tar(here / name, noise)
    data = (here / name).read_bytes()
    (here / name).write_bytes(data[: len(data) // 2 + cut])
    *found, last = items.items([name])
    assert [item.picture for item in found] == list(noise.values())[: len(found)]
    assert 20 < len(found) < 30
    assert last.path == name
    with pytest.raises(DecodeError, match="the archive cannot be read"):
        last.pixels()


def test_what_is_no_archive_says_so(here):
    for name in ("x.npz", "x.tar"):
        (here / name).write_bytes(b"no archive at all" * 99)
        (item,) = items.items([name])
        assert item.path == name
        with pytest.raises(DecodeError, match=name):
            item.pixels()
