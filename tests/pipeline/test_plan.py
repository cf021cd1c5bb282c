"""What a training would do: the numbers that follow from the data, and that nothing is written."""

from pathlib import Path
from typing import Any

import pytest

from hemascope.cli import main
from hemascope.pipeline import plan as planning
from hemascope.pipeline.plan import Plan, plan
from tests.progress import Told

SMALL = ("network=test_resnet", "pretrained=false", "input_size=32", "batch_size=16", "epochs=5")


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan("synthetic:80", "demo", set=[*SMALL, "progressive.size=24", "transfer.head_epochs=0"])


def test_its_numbers_are_those_of_the_training(planned: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert planned.parts == {"train": 64, "val": 8, "test": 8}
    assert (planned.networks, planned.epochs, planned.steps) == (1, 5, 20)
    assert planned.learning == planned.weights > 100_000
    assert planned.recipe.batch_size == 16
    assert all(seconds > 0 for seconds in planned.seconds.values())
    assert planned.minutes == pytest.approx(sum(planned.seconds.values()) / 60)
    assert planned.lines[0] == "Images: 64 train, 8 val, 8 test; 8 classes"
    assert "from random weights" in planned.lines[1]
    assert planned.lines[2] == "Training: 20 steps of 16 images in 5 epochs at most"


def test_its_time_is_that_of_each_kind_of_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int | None, bool]] = []

    class Measured:
        reading, image = 0.5, 0.0

        def __init__(self, *_: Any) -> None:
            pass

        def step(self, size: int | None, alone: bool) -> float:
            asked.append((size, alone))
            return {(24, True): 1.0, (24, False): 10.0, (None, False): 100.0}[size, alone]

    monkeypatch.setattr(planning, "_Measured", Measured)
    changes = [*SMALL, "progressive.size=24", "progressive.share=0.6", "transfer.head_epochs=1", "start=robust"]
    changes[0] = "network=tf_efficientnet_lite0"
    found = plan("synthetic:80", "demo", set=changes)
    assert found.seconds["reading"] == 40
    assert found.seconds["training"] == 4 * (1 * 1 + 2 * 10 + 2 * 100)  # four steps an epoch
    assert "from the weights of robust" in found.lines[1]
    assert plan("synthetic:80", "demo", set=[*changes, "folds=2"]).networks == 2


def test_the_command_prints_it_and_writes_nothing(
    planned: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "plan", lambda *_, **__: planned)
    with pytest.raises(SystemExit) as end:
        main(["train", "synthetic:80", "-r", "demo", "--plan"])
    assert not end.value.code
    assert capsys.readouterr().out.splitlines() == planned.lines
    for also in (["--resume", "run"], ["-o", "out"]):
        with pytest.raises(SystemExit):
            main(["train", *([] if also[0] == "--resume" else ["synthetic:80"]), "--plan", *also])
        assert "do not go with it" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_it_does_is_told() -> None:
    told = Told()
    plan("synthetic:40", "demo", set=SMALL, progress=told)
    assert [name for name, _ in told.steps] == ["reading images", "timing two batches"]
