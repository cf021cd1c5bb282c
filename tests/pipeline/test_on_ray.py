"""Folds, searches and benches on a real Ray cluster of two machines: the same results as here, and machines lost."""

import json
import shutil

import numpy as np
import pytest

from hemascope.bench.bench import bench
from hemascope.data.sources import open_source
from hemascope.errors import EngineError, RecipeError
from hemascope.evaluate.predictions import Predictions
from hemascope.pipeline.train import resume, train
from hemascope.pipeline.tune import tune
from hemascope.pipeline.tune_augment import tune_augment
from hemascope.predict.shipped import find
from hemascope.train.run import Run
from tests.bench.conftest import write_bench_file
from tests.engine.conftest import two_machines
from tests.pipeline.conftest import tiny
from tests.pipeline.test_tune import SEARCH, TINY, rows
from tests.told import Told

machines = pytest.fixture(scope="module")(two_machines)

SOURCE = "synthetic:48"
KEPT = ("early_stopping.keep=last", "early_stopping.patience=null", "precision=fp32")
SIZE = {"train_images": 24, "val_images": 8, "size": 32, "epochs": 2}


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums are those of one core, here as in the tasks."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None, raising=True)
    yield
    monkeypatch.undo()
    torch.set_num_threads(threads)


def test_laboratories_are_held_out_as_tasks_and_gone_on_with_here(machines, tmp_path, quick_finish) -> None:
    machines.join()
    source = open_source(SOURCE)
    places = np.array(["Lyon", "Pisa"])[np.arange(len(source)) // 8 % 2]
    source.with_columns(laboratory=places).write(tmp_path / "cells.parquet")
    told = Told()
    run = train(
        tmp_path / "cells.parquet",
        tiny("split_by=laboratory", "epochs=1", *KEPT),
        output=tmp_path / "there",
        on=machines.address,
        progress=told,
    )
    assert [fold.about()["laboratory"] for fold in run.members()] == ["Lyon", "Pisa"]
    predictions = Predictions.read(run.predictions_file)
    assert predictions.laboratories == ("Lyon", "Pisa")
    assert any(line.startswith("fold 2 of 2: 24 images of the laboratory Pisa held out") for line in told.said)
    assert any(line.startswith("fold 2 of 2: epoch 1/1") for line in told.said)
    first, second = (Run(run.folder / "folds" / number) for number in "12")
    done = first.final_weights.stat().st_mtime_ns
    shutil.rmtree(second.final_weights.parent)
    run.write_about({key: value for key, value in run.about().items() if not key.startswith("member")})
    again = Predictions.read(resume(run.folder).predictions_file)
    assert first.final_weights.stat().st_mtime_ns == done
    np.testing.assert_allclose(again.probabilities, predictions.probabilities, atol=1e-5)


def test_a_search_tries_and_chooses_what_it_does_here(machines, tmp_path) -> None:
    machines.join()
    changes = [*(f"{key}={json.dumps(value)}" for key, value in {**TINY, "optimizer.learning_rate": 0.0003}.items())]
    changes += [f"search.{key}={json.dumps(known)}" for key, known in SEARCH.items()]
    asked = {"set": changes, "trials": 3, "test_images": 8, "pruner": "none", **SIZE}
    here = tune(SOURCE, "demo", output=tmp_path / "here", **asked)
    told = Told()
    there = tune(SOURCE, "demo", output=tmp_path / "there", on=machines.address, cores_each=1, progress=told, **asked)
    assert rows(tmp_path / "there") == rows(tmp_path / "here")
    assert there.recipe == here.recipe
    assert len([line for line in told.said if line.startswith("trial ")]) == 4
    assert ("trials", 4) in told.steps
    longer = tune(SOURCE, "demo", output=tmp_path / "there", **{**asked, "trials": 4})  # and gone on with here
    assert longer.found.tried == 4
    before = {trial.number: trial.values for trial in here.found.trials}
    assert before.items() <= {trial.number: trial.values for trial in longer.found.trials}.items()


def test_a_search_for_augmentation_is_the_same(machines, tmp_path) -> None:
    machines.join()
    asked = {"set": TINY, "trials": 2, "copies": 1, "pseudo_policy": "fixed", **SIZE}
    here = tune_augment(SOURCE, "demo", output=tmp_path / "here", **asked)
    there = tune_augment(SOURCE, "demo", output=tmp_path / "there", on=machines.address, cores_each=1, **asked)
    assert rows(tmp_path / "there") == rows(tmp_path / "here")
    assert there.policy == here.policy


def test_the_rows_of_a_bench_make_the_same_tables(machines, tmp_path) -> None:
    machines.join()
    manifest = open_source("synthetic:8")
    run = Run.create(tmp_path / "run", tiny(), manifest.with_columns(split=["val"] * len(manifest)), {})
    run.history_file.write_text("epoch,seconds\n1,90\n")
    shutil.copy(find("tiny"), run.model_file)  # a finished Run, so that no row has to train
    rows_of_it = [
        {"name": "gone", "recipe": "demo", "run": str(tmp_path / "gone")},
        {"name": "good", "recipe": "demo", "run": str(run.folder), "report": 0.7},
        {"name": "views", "recipe": "demo", "run": str(run.folder), "table": "local_tta"},
    ]
    file = write_bench_file(tmp_path / "list.yaml", source=SOURCE, rows=rows_of_it, hidden={"side": 32, "copies": 1})
    told = Told()
    here = bench(recipe=file, output=tmp_path / "here")
    there = bench(recipe=file, output=tmp_path / "there", on=machines.address, cores_each=1, progress=told)
    assert here.failed == there.failed == ("gone",)
    ours, theirs = ([row[:7] for row in table_rows(found)] for found in (there, here))
    assert ours == theirs
    assert [row[0] for row in ours] == ["gone", "good", "views"]
    assert any(line.startswith("1/3 gone: failed: ") for line in told.said)
    assert any(line.startswith("3/3 views: done in ") for line in told.said)
    again = bench(
        recipe=file, output=tmp_path / "there", only=["good"], on="ray"
    )  # nothing to run: no cluster is begun
    assert again.failed == ("gone",)


def table_rows(found) -> list[list[str]]:
    from hemascope.bench.tables import rows_of

    return [row for table in found.tables for row in rows_of(table)[1]]


def test_what_cannot_run_there_is_refused_before_any_work(tmp_path) -> None:
    with pytest.raises(RecipeError, match="--on trains the folds side by side, and demo has none"):
        train(SOURCE, tiny(), output=tmp_path / "run", on="ray")
    with pytest.raises(EngineError, match="no place to run"):
        train(SOURCE, tiny("folds=2"), output=tmp_path / "run", on="my cluster")
    with pytest.raises(EngineError, match="share out a cluster"):
        tune(SOURCE, "demo", output=tmp_path / "run", cores_each=2)
    assert not (tmp_path / "run").exists()


def test_a_fold_whose_machine_is_killed_ends_as_here(machines, tmp_path, quick_finish) -> None:
    class Killing(Told):
        killed = False

        def say(self, message: str) -> None:
            super().say(message)
            if not self.killed and len({line[:6] for line in self.said if ": epoch " in line}) == 2:
                self.killed = True
                machines.kill()

    machines.join()
    recipe = tiny("folds=2", "epochs=20", *KEPT)
    here = train(SOURCE, recipe, output=tmp_path / "here")
    told = Killing()
    there = train(SOURCE, recipe, output=tmp_path / "there", on=machines.address, cores_each=1, progress=told)
    assert told.killed
    ours, theirs = (Predictions.read(run.predictions_file) for run in (there, here))
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-5)
    np.testing.assert_array_equal(ours.folds, theirs.folds)
    assert list(ours.table["path"]) == list(theirs.table["path"])
    for number in (1, 2):
        assert len(Run(there.folder / "folds" / str(number)).history_file.read_text().splitlines()) == 21
    assert sum("its worker was lost" in line for line in told.said) == 1
    assert [line for line in told.said if "held out" in line] == [
        f"fold {number} of 2: 20 images held out" for number in (1, 2)
    ]
