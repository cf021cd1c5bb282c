from pathlib import Path

import numpy as np
import pytest

from hemascope.data.kinds import ANY, KINDS, LABELLED, Kind, file_kind, kind_of
from hemascope.data.named import NAMED
from hemascope.data.sources import open_source
from hemascope.errors import SourceError


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.NPZ", Kind.NPZ),
        ("a.tar", Kind.TAR),
        ("a.tar.gz", Kind.TAR),
        ("a.Txz", Kind.TAR),
        ("a.pq", Kind.PARQUET),
        ("a.tsv", Kind.CSV),
        ("a.png", Kind.PICTURE),
        ("a.gz", Kind.PICTURE),
        ("a", Kind.PICTURE),
    ],
)
def test_a_file_is_known_by_its_name(tmp_path: Path, name: str, kind: Kind) -> None:
    (tmp_path / name).touch()
    assert file_kind(name) == kind_of(str(tmp_path / name)) == kind


def test_what_exists_goes_before_a_name_and_a_name_before_a_glob(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert [kind_of(text) for text in ("synthetic:9", "bloodmnist_64", "*.png", "**")] == [
        Kind.SYNTHETIC,
        Kind.NAMED,
        Kind.GLOB,
        Kind.GLOB,
    ]
    (tmp_path / "bloodmnist_64").mkdir()
    (tmp_path / "cell[1].png").touch()
    (tmp_path / "gone.npz").symlink_to(tmp_path / "nowhere")
    assert [kind_of(text) for text in ("bloodmnist_64", "cell[1].png", "gone.npz")] == [
        Kind.FOLDER,
        Kind.PICTURE,
        Kind.NPZ,
    ]


def test_the_home_folder_is_known(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "a.npz", images=np.zeros((1, 2, 2), np.uint8))
    assert kind_of("~/a.npz") == Kind.NPZ


def test_the_texts_name_every_kind() -> None:
    for word in ("glob", ".tar", ".npz", "Parquet", "CSV", "manifest", "name"):
        assert all(word in text for text in (ANY, KINDS, LABELLED))
    assert all(name in KINDS for name in (*NAMED, "synthetic:N:SEED"))


def test_no_source(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="no such source"):
        kind_of("gone.png")
    with pytest.raises(SourceError, match="No source is named"):
        kind_of(" ")


@pytest.mark.parametrize("source", ["x" * 5000, "x/" * 5000, "a\0b", "~nobody/x", "\udce9", "x" * 300 + ".csv"])
def test_what_can_be_no_path_is_no_source(source: str) -> None:
    with pytest.raises(SourceError, match="there is no such source"):
        kind_of(source)
    with pytest.raises(SourceError):
        open_source(source)
