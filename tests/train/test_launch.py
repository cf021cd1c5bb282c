"""Who is who among the processes of a training, by whom they are begun."""

import pytest

from hemascope.errors import DeviceError
from hemascope.train.device import on_device
from hemascope.train.launch import _place, leads, several
from hemascope.train.processes import ALONE, Place

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "none", "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4",
}  # fmt: skip


def test_one_device_is_no_group() -> None:
    with several() as group:
        assert group is None
    assert _place(None, 1) == ALONE
    assert leads()


def test_torchrun_says_who_is_who(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    assert _place(None, 1) == _place(4, 2) == Place(5, 8, 1, 4)
    assert not leads()
    with pytest.raises(DeviceError, match="torchrun began 4 processes on each of 2 machines"):
        _place(2, 1)


def test_machines_are_told_apart_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NODE_RANK", "SLURM_NODEID", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match="which of the machines it is on"):
        _place(2, 2)
    monkeypatch.setenv("SLURM_NODEID", "1")
    monkeypatch.setenv("MASTER_ADDR", "head")
    monkeypatch.setenv("MASTER_PORT", "29500")
    assert _place(2, 2) == Place(2, 4, 0, 2)
    assert not leads(2)


def test_a_number_and_several_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    with on_device("cuda:1"), pytest.raises(DeviceError, match="names one device"), several(2):
        pass
    with on_device("cuda"), pytest.raises(DeviceError, match="there are 2 here"), several(3):
        pass
