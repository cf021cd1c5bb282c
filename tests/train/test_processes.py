"""What the processes of a training share, and what they tell each other."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch.distributed as dist

from hemascope.errors import DeviceError
from hemascope.train import processes
from hemascope.train.processes import Group, Place, devices_used, using


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 7, 64])
def test_shares_are_all_images_once_and_alike(size: int, count: int) -> None:
    shares = [list(range(count)[Place(rank, size).share(count)]) for rank in range(size)]
    assert [image for share in shares for image in share] == list(range(count))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_the_first_hears_why_another_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_TOLD", 0.1)
    store = dist.FileStore(str(tmp_path / "store"), 2)
    first, other = Group(Place(0, 2, 0, 2), store), Group(Place(1, 2, 1, 2), store)
    assert first.failure() is None
    other.fail("no memory", "Buy some.")
    assert first.failure() == ("device 1: no memory", "Buy some.")
    with pytest.raises(DeviceError, match=r"^device 1: no memory. Buy some.$"), first.at_work("task"):
        pass


def test_what_fails_for_its_own_reason_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_TOLD", 0.1)
    monkeypatch.setattr(Group, "_connect", lambda group: None)
    monkeypatch.setattr(processes, "_send", lambda task: None)
    monkeypatch.setattr(Group, "gather", lambda group: None)
    first = Group(Place(0, 2, 0, 2), dist.FileStore(str(tmp_path / "store"), 2))
    for problem in (RuntimeError("mine"), ValueError("mine")):
        with pytest.raises(type(problem), match=r"^mine$"), first.at_work("task"):
            raise problem
    with pytest.raises(DeviceError, match=r"lost each other \(gloo: closed\). Go on with"), first.at_work("task"):
        raise RuntimeError("gloo: closed")


def test_the_others_end_when_the_first_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Group, "_connect", lambda group: None)
    store = dist.FileStore(str(tmp_path / "store"), 2)
    first, other = Group(Place(0, 2, 0, 2), store), Group(Place(1, 2, 1, 2), store)
    with contextlib.suppress(KeyError), using(first):
        assert devices_used() == 2
        raise KeyError
    assert devices_used() == 1
    with pytest.raises(SystemExit):
        other.next()


def test_the_others_wait_for_the_first_and_go_with_its_last_word(tmp_path: Path) -> None:
    first, other = (Group(Place(i, 2, i, 2), dist.FileStore(str(tmp_path / "store"), 2)) for i in range(2))
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(other.next)
        first.gather()
        assert not said.done()
        pool.submit(lambda: other.end(said.result()))
        first.end("runs/first")
        assert said.result() == "runs/first"


def test_who_does_not_come_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "JOIN", 0.1)
    with pytest.raises(DeviceError, match="processes 1, 2 of 3 do not come"):
        Group(Place(0, 3, 0, 3), dist.FileStore(str(tmp_path / "store"), 3)).gather()
