from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hemascope.data import pixels as module
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import Arranged, load_pixels
from hemascope.data.sources import open_source
from hemascope.errors import SourceError
from tests.data.pictures import noise, write_png
from tests.progress import Told


def files(folder: Path, images: list[np.ndarray]) -> Manifest:
    paths = [str(write_png(folder / f"{i}.png", image)) for i, image in enumerate(images)]
    return Manifest.build(paths, ["a"] * len(paths), ("a", "b"))


def test_images_are_framed_and_bad_ones_are_zeros_with_an_error(tmp_path: Path) -> None:
    manifest = files(tmp_path, [noise(0, 20, 30), noise(1), noise(2, 9, 9)])
    Path(manifest.table["path"][1]).write_bytes(b"junk")
    told = Told()
    loaded = load_pixels(manifest, 10, progress=told)
    assert loaded.images.shape == (3, 10, 10, 3)
    assert loaded.images.dtype == np.uint8
    np.testing.assert_array_equal(loaded.images[0], frame(noise(0, 20, 30), 10))
    np.testing.assert_array_equal(loaded.images[2], frame(noise(2, 9, 9), 10))
    assert not loaded.images[1].any()
    assert loaded.manifest.table["error"].str.contains("not a picture").tolist() == [False, True, False]
    assert loaded.manifest.table["group"].tolist() == [0, -1, 2]
    assert told.steps == [("reading images", 3)]
    assert told.counts[-1] == 3
    assert manifest.table["error"].tolist() == [""] * 3  # what was given is as it was


def test_pages_that_are_left_out_are_said(tmp_path: Path) -> None:
    manifest = files(tmp_path, [noise(0)])
    path = manifest.table["path"][0]
    pages = [Image.fromarray(noise(seed)) for seed in (1, 2)]
    pages[0].save(path, "TIFF", save_all=True, append_images=pages[1:])
    told = Told()
    np.testing.assert_array_equal(load_pixels(manifest, 12, progress=told).images[0], noise(1))
    said = "its first page is read, the others are left out"
    assert told.lines == [f"1 file holds more than is read of it: {path} ({said})"]


def test_identical_pictures_share_a_group_and_only_they(tmp_path: Path) -> None:
    nearly = noise(0)
    nearly[-1, -1, -1] ^= 1
    images = [noise(9), noise(0), nearly, noise(0), noise(0).reshape(6, 24, 3), noise(9), noise(0)]
    manifest = files(tmp_path, images)
    Image.fromarray(noise(0)).save(tmp_path / "6.bmp")  # the same pixels in another file format
    table = manifest.table.assign(path=[*manifest.table["path"][:-1], str(tmp_path / "6.bmp")])
    loaded = load_pixels(manifest.with_columns(path=table["path"]), 8)
    assert loaded.manifest.table["group"].tolist() == [0, 1, 2, 1, 4, 0, 1]


def test_former_groups_hold_and_join_identical_pictures(tmp_path: Path) -> None:
    manifest = files(tmp_path, [noise(0), noise(1), noise(2), noise(1), noise(4), noise(5)])
    Path(manifest.table["path"][5]).write_bytes(b"")
    # 7 ties rows 0 and 3; 3 equals 1; -1 is nobody's; the unreadable 5 was tied to 2
    loaded = load_pixels(manifest.with_columns(group=[7, -1, 2, 7, -1, 2]), 8)
    assert loaded.manifest.table["group"].tolist() == [0, 0, 2, 0, 4, 2]
    again = load_pixels(loaded.manifest, 8)
    assert again.manifest.table["group"].tolist() == [0, 0, 2, 0, 4, 2]


def test_too_much_for_the_memory_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = files(tmp_path, [noise(0)] * 4)
    monkeypatch.setattr(module, "_available_memory", lambda: 4 * 8 * 8 * 3)
    assert len(load_pixels(manifest, 8).images) == 4
    monkeypatch.setattr(module, "map_images", None)
    with pytest.raises(SourceError, match=r"GiB of memory.*smaller image size"):
        load_pixels(manifest, 9)


def test_available_memory_is_told_with_and_without_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    told = module._available_memory()
    assert told is not None
    assert told > 2**20
    monkeypatch.setitem(__import__("sys").modules, "psutil", None)
    told = module._available_memory()
    assert told is None or told > 2**20


def test_an_empty_manifest() -> None:
    assert load_pixels(Manifest.build([], [], ("a", "b")), 8).images.shape == (0, 8, 8, 3)


def test_the_real_pairs_are_found(pbc: Path) -> None:
    manifest = open_source(pbc)
    assert manifest.counts().sum().to_dict() == {"train": 11959, "val": 1712}
    # All 17 pairs take 10 s to find: those of the basophils, and the one pair under two labels, stand for them.
    names = manifest.table["path"].map(lambda path: Path(path).name)
    basophils = (manifest.table["label"] == "basophil") & (manifest.table["split"] == "train")
    some = load_pixels(manifest.rows(basophils | names.isin(["EO_225902.jpg", "BNE_191112.jpg"])), 96)
    table = some.manifest.table
    assert (table["error"] == "").all()
    assert some.images[:, 48, 48].std() > 20
    sizes = table.groupby("group")["label"].agg(["size", "nunique"]).value_counts()
    assert sizes.to_dict() == {(1, 1): 840, (2, 1): 6, (2, 2): 1}


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**31))
def test_parts_are_slices_of_one_array_in_the_order_asked_for(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 256, (n, 2, 2, 3), np.uint8)
    images = first.copy()
    arranged = Arranged(images)
    for _ in range(3):
        chosen = rng.permutation(n)[: rng.integers(1, n + 1)]
        rows = np.array_split(chosen, 2)
        for part, wanted in zip(arranged.parts(rows), rows, strict=True):
            np.testing.assert_array_equal(part, first[wanted])
            assert np.shares_memory(part, images) or not len(part)
    np.testing.assert_array_equal(arranged.parts([np.arange(n)])[0], first)
