import socket

import pytest
from huggingface_hub import constants

from hemascope.errors import WeightsError
from hemascope.models.pretrained import cache_where_unreachable, create_from_hub


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("hemascope.models.pretrained.getproxies", dict)


def test_a_hub_that_answers_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        with cache_where_unreachable() as alone:
            assert not alone
            assert not constants.HF_HUB_OFFLINE


def test_without_an_answer_the_cache_is_used_until_the_end_of_the_block() -> None:
    with cache_where_unreachable() as alone:
        assert alone
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


def test_behind_a_proxy_nothing_is_concluded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemascope.models.pretrained.getproxies", lambda: {"https": "http://127.0.0.1:8"})
    with cache_where_unreachable() as alone:
        assert not alone


def test_weights_that_are_not_cached_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(WeightsError, match=r"127\.0\.0\.1:9 cannot be reached and its cache lacks them.*internet once"):
        create_from_hub("resnet18")
