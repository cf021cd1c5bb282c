from pathlib import Path

import numpy as np
import pytest

from hemascope.errors import SourceError
from hemascope.export.adapt.images import FEWEST, read_folder
from tests.export.adapt.model import SIZE, write_images


def test_images_are_framed_and_their_order_depends_on_the_seed_alone(tmp_path: Path) -> None:
    folder = [str(write_images(tmp_path / "cells", 40))]
    first, again, other = (read_folder(folder, SIZE, limit=100, seed=seed).images for seed in (0, 0, 1))
    assert first.shape == (40, SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(np.sort(first.sum((1, 2, 3))), np.sort(other.sum((1, 2, 3))))


def test_no_more_than_the_limit_from_all_over_the_folder(tmp_path: Path) -> None:
    folder = [str(write_images(tmp_path / "cells", 60))]
    told: list[tuple[int, int]] = []
    found = read_folder(folder, SIZE, limit=FEWEST, threads=2, progress=lambda *state: told.append(state))
    assert len(found.images) == FEWEST
    assert told[-1] == (FEWEST, FEWEST)
    everything = read_folder(folder, SIZE, limit=60).images
    sums = everything.sum((1, 2, 3)).tolist()
    assert all(value in sums for value in found.images.sum((1, 2, 3)))


def test_unreadable_images_are_left_out_and_told(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "cells", 40)
    (folder / "broken.png").write_bytes(b"no picture")
    found = read_folder([str(folder)], SIZE, limit=100)
    assert len(found.images) == 40
    assert len(found.errors) == 1
    assert "broken.png" in found.errors[0]


def test_too_few_are_refused(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "cells", FEWEST - 1)
    (folder / "broken.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"31 readable images.*at least 32; first of 1 unreadable: .*broken\.png"):
        read_folder([str(folder)], SIZE, limit=100)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        read_folder([str(tmp_path / "nowhere")], SIZE, limit=100)
