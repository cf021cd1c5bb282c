"""Benches whose trainings take no time: each Run gets a shipped model instead of its own."""

import shutil
from pathlib import Path

import pytest
import yaml

from hemascope.bench import runner
from hemascope.data.sources import open_source
from hemascope.errors import RunError, WeightsError
from hemascope.predict.shipped import find
from hemascope.train.run import Run

ROWS = [
    {"name": "a", "net": "VGG16", "recipe": "demo", "report": 0.72, "notes": "rand", "set": {"optimizer.name": "adam"}},
    {"name": "b", "recipe": "demo", "report": None},
    {"name": "final", "recipe": "demo", "table": "metrics", "report": {"accuracy": 0.94, "f1": 0.93}},
    {"name": "views", "recipe": "demo", "table": "local_tta", "report": 0.89},
]


def write_bench_file(path: Path, **changed: object) -> Path:
    values = {
        "title": "Two tables", "note": "SHORT", "source": "synthetic:64", "held_out": 0.25, "tta_steps": 2,
        "hidden": {"side": 48, "copies": 2}, "rows": ROWS, **changed,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture
def file(tmp_path):
    return write_bench_file(tmp_path / "two.yaml")


class Trainings:
    """Stands for `hemascope.pipeline.train`: counts what it is asked for."""

    def __init__(self):
        self.begun, self.resumed, self.fails, self.kills = [], [], {}, False

    def train(self, source, recipe, *, output, progress):
        folder = output
        problem = self.fails.get(folder.parent.name)
        if problem is not None and not (isinstance(problem, WeightsError) and not recipe.pretrained):
            raise problem
        self.begun.append((folder.parent.name, recipe))
        manifest = open_source(source)
        run = Run.create(folder, recipe, manifest.with_columns(split=["train"] * len(manifest)), {})
        run.history_file.write_text("epoch,seconds\n1,90\n")
        shutil.copy(find("tiny"), run.model_file)
        if self.kills:
            raise KeyboardInterrupt
        return run

    def resume(self, folder, *, progress):
        self.resumed.append(folder.parent.name)
        if not Run(folder).model_file.exists():
            raise RunError("nothing to go on with")
        return Run.open(folder)


@pytest.fixture
def trainings(monkeypatch):
    stand_in = Trainings()
    monkeypatch.setattr(runner, "pipeline", stand_in)
    monkeypatch.setattr(runner, "images_per_second", lambda model: 100.0)
    return stand_in
