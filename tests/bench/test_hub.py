import socket

import pytest
from huggingface_hub import constants

from hemascope.bench.hub import spare_the_wait


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("hemascope.bench.hub.getproxies", dict)


def test_a_hub_that_answers_is_used(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert not spare_the_wait()
    assert not constants.HF_HUB_OFFLINE


def test_a_hub_that_does_not_is_asked_once(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert spare_the_wait()
    assert constants.HF_HUB_OFFLINE


def test_behind_a_proxy_nothing_is_concluded(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("hemascope.bench.hub.getproxies", lambda: {"https": "http://127.0.0.1:8"})
    assert not spare_the_wait()
