"""Models by ``hf://``, from a hub on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import hemascope
from hemascope.cli import main
from hemascope.errors import ModelFileError, WriteError
from hemascope.predict import hub as ours
from tests.hub import TOKEN, Hub, as_hub
from tests.predict.model import write_model
from tests.predict.pictures import picture, write_folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with as_hub(tmp_path, monkeypatch, token=None) as found:
        write_model(tmp_path / "first.onnx")
        write_model(tmp_path / "second.onnx", sharpness=4.0)
        yield found


@pytest.fixture
def data(tmp_path: Path, hub: Hub) -> bytes:
    return (tmp_path / "first.onnx").read_bytes()


def test_a_model_is_fetched_once_and_its_commit_is_in_the_path(hub: Hub, data: bytes) -> None:
    repository = hub.add("ada/cells", {"model.onnx": data})
    classifier = hemascope.load("hf://ada/cells")
    assert classifier(picture("lymphocyte")).label == "lymphocyte"
    assert classifier.path.parent.name == repository.branches["main"]
    assert classifier.path.read_bytes() == data
    before = [line for line in hub.asked if line.startswith("GET")]
    assert len(before) == 1
    assert hemascope.load(Path("hf://ada/cells")).path == classifier.path  # a Path makes hf:/ of it
    assert [line for line in hub.asked if line.startswith("GET")] == before


def test_the_newest_is_taken_and_a_pinned_one_stays(hub: Hub, data: bytes, tmp_path: Path) -> None:
    repository = hub.add("ada/cells", {"model.onnx": data})
    old = hemascope.load("hf://ada/cells").digest
    first = repository.branches["main"]
    second = (tmp_path / "second.onnx").read_bytes()
    repository.commit("main", {"model.onnx": second, "sub/small.onnx": data})
    assert hemascope.load("hf://ada/cells").digest != old
    assert hemascope.load(f"hf://ada/cells@{first}").digest == old
    assert hemascope.load("hf://ada/cells/sub/small.onnx").digest == old


def test_the_cache_serves_without_a_network(hub: Hub, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("ada/cells", {"model.onnx": data})
    path = hemascope.load("hf://ada/cells").path
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hemascope.load("hf://ada/cells").path == path
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hemascope.load("hf://ada/cells").path == path
    with pytest.raises(ModelFileError, match="HF_HUB_OFFLINE is set, and its cache does not hold it"):
        hemascope.load("hf://ada/others")


def test_no_network_and_nothing_cached(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.utils import _http

    monkeypatch.setattr(_http.time, "sleep", lambda _: None)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelFileError, match="hf://ada/cells: the hub cannot be reached, and its cache"):
        hemascope.load("hf://ada/cells")


def test_what_cannot_be_had_is_said(hub: Hub, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("ada/cells", {"README.md": b"#"})
    hub.add("ada/gated", {"model.onnx": data}, gated=True)
    hub.add("ada/secret", {"model.onnx": data}, private=True)
    hub.add("ada/other", {"model.onnx": b"not a model"})
    for name, said in {
        "ada/none": "no such repository, or a private one. Check its name. Log in by `hf auth login`",
        "ada/secret": "no such repository, or a private one",
        "ada/cells": "the repository holds no model.onnx",
        "ada/cells@v9": "no such revision",
        "ada/gated": "a gated repository",
    }.items():
        with pytest.raises(ModelFileError, match=f"^hf://{name}: .*{said}"):
            hemascope.load(f"hf://{name}")
    with pytest.raises(ModelFileError, match=r"models--ada--other.*not"):
        hemascope.load("hf://ada/other")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert hemascope.load("hf://ada/secret").classes
    hub.refuse["resolve"] = (500, "")
    from huggingface_hub.utils import _http

    monkeypatch.setattr(_http.time, "sleep", lambda _: None)
    with pytest.raises(ModelFileError, match=r"hf://ada/new: the hub (refuses|cannot be reached)"):
        hemascope.load("hf://ada/new")


@pytest.mark.parametrize("name", ["hf://", "hf://ada", "hf://datasets/ada/cells", "hf:///x", "hf://ada/cells@"])
def test_other_names_are_refused_before_anybody_is_asked(hub: Hub, name: str) -> None:
    with pytest.raises(ModelFileError, match="names no model on the hub"):
        hemascope.load(name)
    with pytest.raises(ModelFileError, match="no name of a repository"):
        hemascope.load("hf://-ada/cells--x")
    assert hub.asked == []


def test_a_cache_that_cannot_be_written(hub: Hub, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/cache")

    monkeypatch.setattr(ours.client(), "hf_hub_download", full)
    with pytest.raises(WriteError, match=r"full.*HF_HOME names its place"):
        hemascope.load("hf://ada/cells")


def test_commands_take_it(hub: Hub, data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub.add("ada/cells", {"model.onnx": data})
    write_folder(tmp_path / "cells", 3)
    with pytest.raises(SystemExit) as end:
        main(["predict", str(tmp_path / "cells"), "-m", "hf://ada/cells"])
    assert end.value.code == 0, capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["predict", "hf://ada/cells", str(tmp_path / "cells")])
    assert "hf://ada/cells is a model, where images are wanted" in capsys.readouterr().err
