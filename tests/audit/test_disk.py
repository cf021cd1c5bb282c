"""Arrays on the disk, and an audit whose arrays all lie there."""

import errno
import mmap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hemascope.audit import disk
from hemascope.audit.audit import audit
from hemascope.audit.disk import DiskArray, zeros
from hemascope.data.sources import open_source
from hemascope.errors import WriteError

from .planted import plant


def test_an_array_on_the_disk_reads_as_one_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "_HELD", 1_000)  # so that its pages are given back all the time
    rng = np.random.default_rng(0)
    memory, there = np.zeros((50, 3, 40), np.float32), DiskArray((50, 3, 40), np.float32)
    for _ in range(200):
        row, values = int(rng.integers(50)), rng.normal(size=(3, 40))
        memory[row], there[row] = values, values
    for key in (7, slice(3, 9), np.array([4, 1, 4]), (np.array([0, 5]), np.array([2, 0]))):
        np.testing.assert_array_equal(there[key], memory[key])
    assert (len(there), there.shape, there.dtype) == (50, (50, 3, 40), np.float32)


def test_rows_that_were_read_are_copies() -> None:
    there = DiskArray((2, 2), np.uint8)
    read = there[:1]
    there[0] = 5
    assert not read.any()


def test_small_arrays_stay_in_memory() -> None:
    assert isinstance(zeros((4, 4), np.uint8), np.ndarray)
    assert isinstance(zeros((4, 4), np.uint8, in_memory=15), DiskArray)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="this system has no madvise")
def test_what_was_read_does_not_count_as_memory() -> None:
    there = DiskArray((6_144, 1 << 15), np.uint8)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    if not Path("/proc/self/statm").is_file():
        pytest.skip("this system does not tell a process's memory")
    before = resident()
    for start in range(0, 6_144, 32):
        there[start : start + 32] = start // 32
    assert [int(there[row][-1]) for row in range(0, 6_144, 1_600)] == [0, 50, 100, 150]
    assert resident() - before < 100 << 20
    most = 0
    for row in np.random.default_rng(0).integers(6_144, size=1_000).tolist():  # up to 2 MiB are mapped with each
        there[row]
        most = max(most, resident() - before)
    assert most < 120 << 20


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "posix_fallocate", full, raising=False)
    with pytest.raises(WriteError, match=r"no room for 0\.0 GiB .*No space left.*TMPDIR"):
        DiskArray((2, 2), np.uint8)


def test_an_audit_on_the_disk_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_source(plant(tmp_path / "cells", 32))
    in_memory = audit(source)
    monkeypatch.setattr(disk, "IN_MEMORY", 0)
    monkeypatch.setattr(disk, "_HELD", 100_000)
    on_disk = audit(source)
    pd.testing.assert_frame_equal(on_disk.findings, in_memory.findings)
    pd.testing.assert_frame_equal(on_disk.scores, in_memory.scores)
    np.testing.assert_array_equal(on_disk.positions, in_memory.positions)
