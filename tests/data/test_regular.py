import os
import time
from pathlib import Path

import numpy as np
import pytest

from hemascope.data.containers.open import open_container
from hemascope.data.decode import decode
from hemascope.data.regular import MAX_BYTES, require_regular
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, HemascopeError
from hemascope.predict.items import items
from tests.data.pictures import noise, write_png


def test_a_file_has_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    assert require_regular(tmp_path / "a") == 3


def test_what_is_no_picture_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    with (tmp_path / "sparse.png").open("wb") as file:
        file.truncate(40 << 30)
    began = time.monotonic()
    for name, reason in (
        ("pipe.png", "a pipe, not a file"),
        ("zero.png", "a device, not a file"),
        ("sparse.png", f"40,960 MiB are more than the {MAX_BYTES >> 20} MiB"),
    ):
        with pytest.raises(DecodeError, match=rf"{name}: .*{reason}"):
            decode(tmp_path / name)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip", "a.npz", "a.parquet", "a.csv"])
def test_what_is_no_container_never_blocks(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(HemascopeError, match="not a regular file"):
        open_source(tmp_path / name)
    for item in items([str(tmp_path / "*.*")]):
        with pytest.raises(DecodeError, match="not a file"):
            item.pixels()
    if name != "a.csv":
        with pytest.raises(HemascopeError, match="a pipe, not a file"):
            open_container(str(tmp_path / name)).job("images/0")


def test_a_pipe_among_pictures_is_a_row(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png"):
        write_png(tmp_path / name, noise(0, 2, 2))
    os.mkfifo(tmp_path / "a" / "0.png")
    first, *others = items([str(tmp_path)])
    with pytest.raises(DecodeError, match="a pipe, not a file"):
        first.pixels()
    assert [np.shape(item.pixels()) for item in others] == [(2, 2, 3)] * 2
    assert len(open_source(tmp_path)) == 3
