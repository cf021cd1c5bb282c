from pathlib import Path
from typing import Any

import pytest

from hemascope.cli import main
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source
from tests.audit.planted import plant


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("planted") / "cells")


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs `hemascope audit` in an empty folder; gives the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> int:
        with pytest.raises(SystemExit) as end:
            main(["audit", *map(str, arguments)])
        assert isinstance(end.value.code, int)
        return end.value.code

    return run


def test_audit_edit_apply_train(audit, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(cells) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines()[:-3])) <= 80  # the last ones hold paths
    assert "cells: 98 images, 97 readable; audited in" in said
    assert "conflict" in said
    assert "Page: audit/audit.html" in said
    assert f"Then: hemascope audit {cells} -o audit --apply" in said
    assert {path.name for path in (tmp_path / "audit").iterdir()} == {
        "audit.html", "findings.csv", "findings.json", "scores.csv", "record",
    }  # fmt: skip

    table = tmp_path / "audit" / "findings.csv"
    lines = table.read_text().splitlines()
    edited = [line.replace(",review", ",keep") if "monocyte/5.png,conflict" in line else line for line in lines]
    assert edited != lines
    table.write_text("\n".join(edited))
    assert audit(cells, "--apply") == 0
    said = capsys.readouterr().out
    assert "98 images, 97 readable; taken up again" in said
    assert "Verdicts of yours, which are kept: 1" in said
    assert "Out until you decide, because copies have other labels: 1" in said
    assert "Train on it: hemascope train audit/cleaned.parquet" in said
    clean = open_source(tmp_path / "audit")
    names = clean.table["path"].map(lambda path: Path(path).name)
    usable = dict(zip(names, clean.usable, strict=True))
    assert usable["5.png"]
    assert not usable["disputed.png"]
    assert usable["0.png"]
    assert not usable["copy.png"]
    assert not usable["4.png"]
    assert len(clean) == 98


def test_two_sources_against_each_other(audit, cells: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for label, name in (("basophil", "0.png"), ("eosinophil", "1.png"), ("platelet", "7.png")):
        (other / label).mkdir(parents=True)
        (other / label / name).write_bytes((cells / label / name).read_bytes())
    assert audit(cells, "--against", other, "--apply", "-o", "both") == 0
    clean = Manifest.read(tmp_path / "both" / "cleaned.parquet")
    assert set(clean.table["split"]) == {"train", "test"}
    leaked = [str(cells / place) for place in ("basophil/0.png", "eosinophil/1.png", "platelet/7.png")]
    assert not clean.usable[clean.table["path"].isin(leaked)].any()
    assert clean.usable[clean.table["split"] == "test"].all()
    assert f"--against {other}" in (tmp_path / "both" / "audit.html").read_text()


def test_an_audit_elsewhere_is_decided_there_and_taken_up_again(
    audit, cells: Path, tmp_path: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "cache"))
    url = f"{bucket.url}/looked"
    assert audit(cells, "-o", url, "--fail-on", "identical,leak") == 4  # for scripts
    said = capsys.readouterr()
    assert said.out.splitlines()[-4:] == [
        f"Page: {url}/audit.html",
        f"Verdicts: {url}/findings.csv (change any to keep, review, relabel or drop)",
        f"Then: hemascope audit {cells} -o {url} --apply",
        "Failed by --fail-on: identical 3",
    ]
    assert f"All of it is at {url}" in said.err
    assert str(tmp_path / "cache").encode() not in bucket.get("looked/audit.html")

    lines = bucket.get("looked/findings.csv").split(b"\n")
    edited = [line.replace(b",review", b",keep") if b"monocyte/5.png,conflict" in line else line for line in lines]
    bucket.put("looked/findings.csv", b"\n".join(edited))
    assert audit(cells, "-o", url, "--apply", "--fail-on", "leak") == 0
    said = capsys.readouterr().out
    assert "98 images, 97 readable; taken up again" in said
    assert "Verdicts of yours, which are kept: 1" in said
    assert f"Train on it: hemascope train {url}/cleaned.parquet\n" in said
    assert len(open_source(f"{url}/cleaned.parquet")) == 98
    assert audit(cells, "-o", url, "--fail-on", "duplicates") == 2
    assert "no finding is of the kind 'duplicates'" in capsys.readouterr().err


def test_what_cannot_be_audited(audit, cells: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(tmp_path / "none") == 2
    assert "there is no such source" in capsys.readouterr().err
    assert audit(cells, "-o", cells / "audit") == 2
    assert "lies inside the source" in capsys.readouterr().err
    assert audit(cells, "--findings", tmp_path / "none.csv") == 2
    assert "none.csv" in capsys.readouterr().err
