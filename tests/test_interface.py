"""The functions of `hemascope` and the commands of the same names: one signature, one set of steps."""

import argparse
import importlib
import inspect
import json
import shutil
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

import hemascope
from hemascope.cli import commands
from hemascope.data.smears import draw
from tests.bench.conftest import write_bench_file
from tests.fields.toy import small_field, write_detector
from tests.networks import TINY_NETWORK
from tests.pipeline.annotated import write_squares

HOMES = hemascope._HOMES
FUNCTIONS = tuple(name for name in HOMES if name[0].islower())
SHARED = tuple(name for name in FUNCTIONS if name.replace("_", "-") in commands())
"""The functions that are commands too."""

ALSO = {"train": {"resume", "plan"}}
"""What a command takes for other functions, which have no command: ``hemascope train --resume RUN``."""

GIVEN_BY_OTHER = {("train", "source")}
"""Needed by the function, and by the command only where none of `ALSO` is given."""

STEPS = {"count": ("hemascope.fields.run", "run"), "predict": ("hemascope.predict.run", "run")}
"""What a command calls in place of its function, and the function too: it is handed rows, and stopped, as they come."""

NEEDED = inspect.Parameter.empty


class Stopped(Exception):  # noqa: N818 - no error: it ends a command where the test has seen enough
    """Ends a command, and carries what was seen."""


def function(name: str) -> Callable[..., Any]:
    return getattr(importlib.import_module(HOMES[name]), name)


def command_module(name: str) -> Any:
    return importlib.import_module(f"hemascope.cli.{name}")


def plain(value: object) -> object:
    """A default as both sides write it: a path is its text, and no list is as good as an empty one."""
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, tuple | list | dict) and not value else value


def parameters(call: Callable[..., Any]) -> dict[str, object]:
    """Name, without the underscore that sets it apart from a builtin -> default."""
    return {name.rstrip("_"): plain(one.default) for name, one in inspect.signature(call).parameters.items()}


def command_parameters(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    module = command_module(name)
    if not hasattr(module, "run"):
        return parameters(getattr(module, name))

    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise Stopped(parser)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    with pytest.raises(Stopped) as stopped:
        module.run([])
    actions = [one for one in stopped.value.args[0]._actions if one.default is not argparse.SUPPRESS]
    needed = [one.required and one.nargs not in ("?", "*") for one in actions]
    return {
        one.dest.rstrip("_"): NEEDED if must else plain(one.default) for one, must in zip(actions, needed, strict=True)
    }


@pytest.mark.parametrize("name", SHARED)
def test_a_command_has_its_functions_names_and_defaults(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, there = parameters(function(name)), command_parameters(name, monkeypatch)
    wanted.pop("progress", None)
    also = ALSO.get(name, set())
    assert set(there) - also == set(wanted)
    differing = {
        key: (default, there[key])
        for key, default in wanted.items()
        if there[key] != default and (name, key) not in GIVEN_BY_OTHER
    }
    assert differing == {}


def a_value(annotation: Any) -> object:
    """Something to give for a parameter that is needed."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) is list:
        return [a_value(typing.get_args(annotation)[0])]
    return Path("x") if annotation is Path else "x"


def run_command(name: str) -> None:
    """Run a command with its defaults, and something where it has none."""
    module = command_module(name)
    if hasattr(module, "run"):
        module.run(["x"])
        return
    call = getattr(module, name)
    given = {
        key: a_value(one.annotation) if one.default is NEEDED or (name, key) in GIVEN_BY_OTHER else one.default
        for key, one in inspect.signature(call, eval_str=True).parameters.items()
    }
    call(**given)


@pytest.mark.parametrize("name", SHARED)
def test_a_command_calls_its_function_with_all_that_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    home, called = STEPS.get(name, (HOMES[name], name))
    own, steps = function(name), getattr(importlib.import_module(home), called)
    signature = inspect.signature(steps)
    assert own is steps or own.__globals__[called] is steps
    assert set(signature.parameters) >= set(inspect.signature(own).parameters)

    def stop(*values: object, **named: object) -> None:
        raise Stopped(signature.bind(*values, **named).arguments)

    monkeypatch.setattr(importlib.import_module(home), called, stop)
    with pytest.raises(Stopped) as stopped:
        run_command(name)
    assert set(stopped.value.args[0]) == set(signature.parameters)


@pytest.mark.parametrize("name", HOMES)
def test_every_public_name_is_explained(name: str) -> None:
    explained = inspect.getdoc(getattr(hemascope, name))
    assert explained
    assert explained[0].isupper()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_optional_is_named_where_it_is_given(name: str) -> None:
    """A source, a model or recipe, an output may be given by place; options never, so that others can come between."""
    by_place = [
        key for key, one in inspect.signature(function(name)).parameters.items() if one.kind is not one.KEYWORD_ONLY
    ]
    assert len(by_place) <= 3
    assert "progress" not in by_place


def in_a_new_process(code: str) -> Any:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_import_is_light() -> None:
    """Counted in modules, since seconds depend on the machine: numpy alone imports more than a hundred."""
    imported = in_a_new_process(
        "import json, sys; before = set(sys.modules); import hemascope; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    assert [name for name in imported if name.partition(".")[0] == "hemascope"] == ["hemascope", "hemascope.telemetry"]
    assert {name.partition(".")[0] for name in imported} <= {"hemascope", *sys.stdlib_module_names}
    assert len(imported) < 60


def test_dir_lists_every_public_name() -> None:
    assert set(HOMES) < set(dir(hemascope))
    assert set(hemascope.__all__) == {*HOMES, "__version__"}
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        hemascope.trian  # noqa: B018


def test_a_function_is_not_hidden_by_the_package_of_its_name() -> None:
    said = in_a_new_process(
        "import json, hemascope; before = callable(hemascope.predict); import hemascope.predict.rows; "
        "from hemascope.predict import rows; from hemascope.predict.rows import Layout; "
        "print(json.dumps([before, callable(hemascope.predict), hemascope.predict.__module__, rows.Layout is Layout]))"
    )
    assert said == [True, True, HOMES["predict"], True]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_stays_in_its_place_whatever_is_imported(name: str) -> None:
    importlib.import_module(HOMES[name])
    assert getattr(hemascope, name) is function(name)


class Material(NamedTuple):
    """What the jobs below work on: a small Run, pictures of cells, a field, and what finds its cells."""

    run: Path
    twin: Path
    cells: Path
    field: Path
    detector: Path


TINY = ("epochs=1", "input_size=32", "batch_size=16", *TINY_NETWORK)
SHORT: dict[str, Any] = {"set": TINY, "trials": 1, "train_images": 40, "val_images": 24, "epochs": 1, "size": 32}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("material")
    hemascope.train("synthetic:64", "demo", set=TINY, output=folder / "run")
    shutil.copytree(folder / "run", folder / "twin")
    (folder / "cells").mkdir()
    for index in range(40):
        Image.fromarray(np.asarray(draw(1, index, 48).image)).save(folder / "cells" / f"{index}.png")
    Image.fromarray(small_field()).save(folder / "field.png")
    detector = write_detector(folder / "detector.onnx")
    return Material(folder / "run", folder / "twin", folder / "cells", folder / "field.png", detector)


def bench(job: Material, output: Path) -> Any:
    keys = dict(one.split("=") for one in TINY)
    small = {key: int(value) if value.isdigit() else value for key, value in keys.items()} | {"pretrained": False}
    rows = [{"name": "one", "recipe": "demo", "report": 0.5, "set": small}]
    return hemascope.bench(recipe=write_bench_file(output.parent / "list.yaml", rows=rows), output=output)


JOBS: dict[str, Callable[[Material, Path], Any]] = {
    "adapt": lambda job, output: hemascope.adapt(job.run, job.cells, output / "adapted.onnx"),
    "audit": lambda job, output: hemascope.audit("synthetic:32", output=output, apply=True, fail_on="blur"),
    "bench": bench,
    "compare": lambda job, output: hemascope.compare([job.run, job.twin], output=output, speed=False),
    "count": lambda job, output: hemascope.count(job.field, job.run, detector=job.detector, output=output),
    "ensemble": lambda job, output: hemascope.ensemble([job.run, job.twin], output),
    "evaluate": lambda job, output: hemascope.evaluate("synthetic:32", job.run, output=output),
    "explain": lambda job, output: hemascope.explain("synthetic:16", job.run, output=output, images=2, smears=4),
    "export": lambda job, output: hemascope.export(job.run, output / "model.onnx"),
    "features": lambda job, output: hemascope.features(job.cells, job.run),
    "load": lambda job, output: hemascope.load(job.run),
    "plan": lambda job, output: hemascope.plan("synthetic:64", "demo", set=TINY),
    "predict": lambda job, output: hemascope.predict(job.cells, job.run, output=output / "cells.csv"),
    "push": lambda job, output: hemascope.push(job.run, "ada/cells", output=output),
    "resume": lambda job, output: hemascope.resume(job.twin),
    "submit": lambda job, output: hemascope.submit(job.run, output / "submission.zip", images=64),
    "train": lambda job, output: hemascope.train("synthetic:64", "demo", set=TINY, output=output),
    "train_detector": lambda job, output: hemascope.train_detector(
        write_squares(output.parent / "squares", 2),
        set=["epochs=1", "views=1", "size=64", "batch_size=1", "pretrained=false"],
        output=output,
    ),
    "tune": lambda job, output: hemascope.tune(
        "synthetic:96", "demo", output=output, test_images=24, pruner="none", **SHORT
    ),
    "tune_augment": lambda job, output: hemascope.tune_augment(
        "synthetic:96", "demo", output=output, copies=1, pseudo_policy="fixed", **SHORT
    ),
}


def test_every_function_is_tried() -> None:
    assert set(JOBS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", JOBS)
def test_a_function_prints_nothing_writes_where_it_is_told_and_is_shown_in_a_notebook(
    name: str, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = JOBS[name](material, tmp_path / "output")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert list(Path.cwd().iterdir()) == []
    assert result._repr_html_().startswith("<")
