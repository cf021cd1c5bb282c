import pytest

from hemascope.data import memory as module


def test_available_memory_is_told_with_and_without_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    told = module._available_memory()
    assert told is not None
    assert told > 2**20
    monkeypatch.setitem(__import__("sys").modules, "psutil", None)
    told = module._available_memory()
    assert told is None or told > 2**20
