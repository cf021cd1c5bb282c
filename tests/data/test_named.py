import re
from pathlib import Path

import numpy as np
import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data import download, named
from hemascope.data.sources import open_source
from hemascope.progress import Silent
from tests.data.pictures import noise


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Calls of fetch, which writes a small file of the right form instead."""
    calls = []

    def fetch(url: str, path: Path, *, md5: str, progress: object) -> Path:
        calls.append((url, path, md5, progress))
        images = np.stack([noise(i, 28, 28) for i in range(8)])
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, train_images=images, train_labels=np.arange(8)[:, None])
        return path

    monkeypatch.setattr(download, "fetch", fetch)
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "cache"))
    return calls


@pytest.mark.parametrize("name", ["bloodmnist", "bloodmnist_64", "bloodmnist_128", "bloodmnist_224"])
def test_names_are_fetched_from_the_official_record(fetched: list[tuple], tmp_path: Path, name: str) -> None:
    shown = Silent()
    manifest = open_source(name, progress=shown)
    ((url, path, md5, progress),) = fetched
    assert url == f"https://zenodo.org/records/10519652/files/{name}.npz?download=1"
    assert path == tmp_path / "cache" / f"{name}.npz"
    assert re.fullmatch("[0-9a-f]{32}", md5)
    assert progress is shown
    assert manifest.name == name
    assert manifest.classes == BLOOD_CLASSES
    assert manifest.licence == "CC BY 4.0"


def test_the_checksums_are_the_published_ones() -> None:
    assert {name: found.md5[:8] for name, found in named.NAMED.items()} == {
        "bloodmnist": "7053d035",
        "bloodmnist_64": "2b94928a",
        "bloodmnist_128": "adace1e0",
        "bloodmnist_224": "b718ff68",
    }


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEMASCOPE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert named.cache_folder() == tmp_path / "hemascope"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named.cache_folder() == tmp_path / ".cache" / "hemascope"
