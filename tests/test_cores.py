import os

import pytest

from hemascope import cores
from hemascope.cores import share, usable_cores


@pytest.fixture(autouse=True)
def group(monkeypatch, tmp_path):
    """Where the system says what a container is given; empty."""
    monkeypatch.setattr(cores, "_GROUP", tmp_path)
    return tmp_path


def test_cores_that_this_process_may_not_use_do_not_count(monkeypatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert usable_cores() == 3


def test_where_the_system_does_not_tell_all_count(monkeypatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


@pytest.mark.parametrize(
    ("said", "cores"), [("200000 100000\n", 2), ("50000 100000\n", 1), ("150000 100000\n", 2), ("max 100000\n", 8)]
)
def test_a_container_has_its_share(monkeypatch, group, said, cores) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    (group / "cpu.max").write_text(said)
    assert usable_cores() == cores


def test_so_it_has_with_the_older_files(group) -> None:
    (group / "cpu").mkdir()
    (group / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    for quota, expected in (("300000\n", 3.0), ("-1\n", None)):
        (group / "cpu" / "cpu.cfs_quota_us").write_text(quota)
        assert share(group) == expected


@pytest.mark.parametrize("said", ["", "a lot", "1 0", "x y"])
def test_what_nobody_can_read_limits_nothing(group, said) -> None:
    (group / "cpu.max").write_text(said)
    assert share(group) is None
