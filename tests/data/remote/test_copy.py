"""Model files elsewhere: copied once under their version, and checked as others are."""

import numpy as np
import pytest

import hemascope
from hemascope.data.remote import copy
from hemascope.data.remote.copy import copied
from hemascope.errors import ModelFileError, SourceError
from tests.predict.model import write_model


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_model_is_copied_once_and_anew_when_it_changes(bucket, web, tmp_path, cache):
    data = write_model(tmp_path / "model.onnx").read_bytes()
    bucket.put("runs/mine/model.onnx", data)
    web.files["/model.onnx"] = data
    images = np.zeros((2, 8, 8, 3), np.uint8)
    for url in (f"{bucket.url}/runs/mine/model.onnx", f"{bucket.url}/runs/mine", f"{web.url}/model.onnx?sig=f00"):
        found = hemascope.load(url)
        assert found.path.read_bytes() == data
        assert found.path.is_relative_to(cache)
        assert "f00" not in str(found.path)
        assert len(found(list(images))) == 2
    asked = bucket.proxy.asked[f"GET /{bucket.name}/runs/mine/model.onnx"]
    assert asked == 1
    first = hemascope.load(f"{bucket.url}/runs/mine/model.onnx").path
    assert bucket.proxy.asked[f"GET /{bucket.name}/runs/mine/model.onnx"] == 1
    bucket.put("runs/mine/model.onnx", data + b"")
    bucket.put("other.onnx", b"no model")
    with pytest.raises(ModelFileError, match="not a"):
        hemascope.load(f"{bucket.url}/other.onnx")
    bucket.put("runs/mine/model.onnx", b"changed")
    with pytest.raises(ModelFileError):
        hemascope.load(f"{bucket.url}/runs/mine/model.onnx")
    assert not first.exists()


def test_what_cannot_be_copied_says_why(bucket):
    bucket.put("large.onnx", bytes(3000))
    with pytest.raises(SourceError, match="3,000 bytes are more than the 2,000"):
        copied(f"{bucket.url}/large.onnx", 2000)
    with pytest.raises(ModelFileError, match=r"gone\.onnx: no such file") as caught:
        hemascope.load(f"{bucket.url}/gone.onnx")
    assert caught.value.remedy


def test_it_is_copied_in_parts_across_dropped_connections(bucket, monkeypatch):
    monkeypatch.setattr(copy, "_PART", 1000)
    data = np.random.default_rng(0).bytes(8500)
    bucket.put("a.onnx", data)
    bucket.proxy.faults["a.onnx"] = ["", "drop", "", "slow", "cut"]
    assert copied(f"{bucket.url}/a.onnx", 10_000).read_bytes() == data
