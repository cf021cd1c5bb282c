from pathlib import Path

import pytest

from hemascope.errors import RunError
from hemascope.train.detector.run import DetectorRun


def test_an_epoch_takes_the_place_of_those_from_it_on(tmp_path: Path) -> None:
    run = DetectorRun(tmp_path)
    for epoch in (1, 2, 3, 2):
        run.add_epoch({"epoch": epoch, "train_loss": epoch / 10, "seconds": 1.0})
    assert run.history["epoch"].tolist() == [1, 2]
    assert run.history["train_loss"].tolist() == [0.1, 0.2]


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"not a Run .it has no run.json"):
        DetectorRun.open(tmp_path)
    (tmp_path / "run.json").write_text('{"format_version": 1}')
    with pytest.raises(RunError, match="the training of a classifier, where one of a detector is wanted"):
        DetectorRun.open(tmp_path)
