import re
from pathlib import Path

import pytest

from hemascope.cli import main
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import summarise, write_metrics
from hemascope.pipeline import ensemble as joining
from hemascope.progress import Progress
from hemascope.train.run import Run
from hemascope.train.soup import Soup
from tests.report.conftest import draw_images, write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", draw_images(tmp_path / "images", 80))


def ensemble(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["ensemble", *map(str, arguments)])
    return int(end.value.code or 0)


def test_what_is_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ensemble("--help") == 0
    assert "--soup" in capsys.readouterr().out
    assert ensemble(tmp_path, tmp_path, "-o", tmp_path / "joined") == 2
    assert "not a Run" in capsys.readouterr().err
    assert not (tmp_path / "joined").exists()


@pytest.mark.parametrize("soup", [False, True])
def test_each_member_is_told_beside_the_whole(
    soup: bool, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_metrics(run / "metrics.json", summarise(Predictions.read(run / "predictions.parquet"), resamples=20))
    asked: list[list[Path]] = []

    def joined(folders: list[Path], folder: Path, progress: Progress) -> Run:
        asked.append(folders)
        return Run(folder)

    monkeypatch.setattr(joining, "average", joined)
    monkeypatch.setattr(joining, "cook", lambda *given: (joined(*given), Soup((1,), (0.9, 0.95), 0.95)))
    assert ensemble(run, run, "-o", run, *(["--soup"] if soup else [])) == 0
    said = capsys.readouterr().out
    assert asked == [[run, run]]
    assert said.count(f"{run}: ") == 3
    assert len(re.findall(r": \d[\d.]*% \[\d[\d.]*–\d[\d.]*\] on test", said)) == 3  # noqa: RUF001
    assert ("The soup has 1 of 2" in said) == soup
