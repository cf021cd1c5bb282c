"""Runs a bench: row after row, each once; what failed does not stop the others."""

import gc
import json
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from rich.console import Console

import hemascope
from hemascope.bench.data import TRAIN, HeldOut, check_unseen, prepare
from hemascope.bench.file import Bench, Row
from hemascope.bench.outcome import Outcome, read_outcome, settings_of
from hemascope.cores import usable_cores
from hemascope.errors import HemascopeError, RecipeError, RunError, WeightsError
from hemascope.evaluate.compare.contender import TTA_TABLE, cost_of, images_per_second
from hemascope.evaluate.compare.hidden import score_hidden, write_hidden
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.tta import TtaModel
from hemascope.pipeline import train as pipeline
from hemascope.train.nearest import did_you_mean
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run


def machine_line() -> str:
    """Processor, cores that may be used, and GPU, if any."""
    cores = usable_cores()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{_processor()}, {cores} core{'s' if cores != 1 else ''}, {gpu}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def run_row(
    bench: Bench, row: Row, recipe: Recipe, held_out: HeldOut, root: Path, folder: Path, console: Console
) -> Outcome:
    """Train a row, or go on with it, and score its model file on the held-out images.

    Args:
        bench: the file.
        row: one of it.
        recipe: of the row.
        held_out: what it is scored on.
        root: the bench's folder.
        folder: the row's.
        console: where the training's progress goes.

    Raises:
        HemascopeError: the row cannot be run.
    """
    run = _trained(bench, row, recipe, root, folder / "run", console)
    if row.run is not None:
        check_unseen(run.manifest(), held_out.rows, row.run)
    model = hemascope.load(run.model_file)
    temperature = model.card.temperature
    predictions, _ = score_model(model, held_out.rows, temperature=temperature)
    if row.table == "local_tta":
        averaged, _ = score_model(TtaModel(model, bench.tta_steps), held_out.rows, temperature=temperature)
        averaged.write(folder / TTA_TABLE)
    settings = bench.hidden.settings()
    hidden = score_hidden(model, held_out.rows, held_out.images, settings, temperature=temperature)
    write_hidden(folder, hidden, settings)
    held_out.rows.write(folder / "manifest.parquet")
    predictions.write(folder / PREDICTIONS)
    outcome = Outcome(
        done=True,
        settings=settings_of(bench, row, recipe),
        scratch=row.run is None and recipe.pretrained and not run.recipe().pretrained,
        cost=cost_of(run.folder, model.card, images_per_second(model)),
        machine=machine_line(),
    )
    outcome.write(folder)
    if row.run is None:
        for checkpoint in (run.last_checkpoint, run.best_weights):  # five times as large as the finished network
            checkpoint.unlink(missing_ok=True)
    return outcome


def _trained(bench: Bench, row: Row, recipe: Recipe, root: Path, folder: Path, console: Console) -> Run:
    if row.run is not None:
        return Run.open(row.run)
    if (folder / "run.json").is_file():
        return pipeline.resume(folder, console)
    source = str(root / TRAIN)
    try:
        return pipeline.train(source, recipe, folder, console)
    except WeightsError:
        if bench.fallback != "scratch":
            raise
    return pipeline.train(source, _from_scratch(recipe), folder, console)


def _from_scratch(recipe: Recipe) -> Recipe:
    try:
        return Recipe.model_validate({**recipe.model_dump(), "pretrained": False})
    except ValidationError as problem:
        reason = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise RecipeError(f"no pretrained weights, and from scratch it cannot be trained: {reason}") from problem


ROWS = "rows"


@dataclass(frozen=True)
class Planned:
    """A row with its recipe and its folder."""

    row: Row
    recipe: Recipe
    folder: Path

    @property
    def outcome(self) -> Outcome | None:
        """What became of it; None where it was not run to its end."""
        return read_outcome(self.folder)


def plan(bench: Bench, folder: Path) -> list[Planned]:
    """Every row with its recipe.

    Raises:
        RecipeError: a row whose recipe is not valid.
        RunError: a row that was begun with other settings.
    """
    planned = []
    for row in bench.rows:
        try:
            recipe = load_recipe(row.recipe, [f"{key}={json.dumps(value)}" for key, value in row.set.items()])
        except RecipeError as problem:
            raise RecipeError(f"row {row.name!r}: {problem.problem}", problem.remedy) from problem
        planned.append(Planned(row, recipe, folder / ROWS / _folder_name(row.name)))
    for part in planned:
        before = part.outcome
        begun = before and (before.done or (part.folder / "run" / "run.json").is_file())
        if before and begun and before.settings != settings_of(bench, part.row, part.recipe):
            raise RunError(
                f"{part.folder} holds the row {part.row.name!r} with other settings",
                "Delete that folder to run the row again, or name another one with -o.",
            )
    return planned


def run_bench(bench: Bench, folder: Path, console: Console, *, only: Iterable[str] = ()) -> list[Planned]:
    """Run the rows that are not done yet; what was killed goes on at its epoch, what failed is tried again.

    Args:
        bench: the file.
        folder: of the bench.
        console: where progress goes.
        only: names of rows; all where none is named.

    Returns:
        All rows of the file; their outcomes are in their folders.

    Raises:
        HemascopeError: the bench cannot be begun. A row that fails raises nothing.
    """
    chosen = tuple(only)
    names = [row.name for row in bench.rows]
    for name in chosen:
        if name not in names:
            raise HemascopeError(
                f"--only {name}: no such row.{did_you_mean(name, names)}", f"Rows: {', '.join(names)}."
            )
    planned = plan(bench, folder)
    held_out = prepare(bench, folder, console)
    console.print(f"{held_out.trained_on:,} images to train on, {len(held_out.rows):,} held out", highlight=False)
    for number, part in enumerate(planned, 1):
        if chosen and part.row.name not in chosen:
            continue
        before = part.outcome
        head = f"{number}/{len(planned)} {part.row.name}"
        if before and before.done:
            console.print(f"{head}: done already", markup=False, highlight=False)
            continue
        console.print(f"{head}: {part.recipe.network}, {part.recipe.epochs} epochs", markup=False, highlight=False)
        begun = time.monotonic()
        outcome = _outcome(bench, part, held_out, folder, console)
        said = f"done in {(time.monotonic() - begun) / 60:.1f} minutes" if outcome.done else f"failed: {outcome.reason}"
        console.print(f"{head}: {said}", markup=False, highlight=False, soft_wrap=True)
        gc.collect()  # a network of the row before is not to add to the next one's memory
    return planned


def _outcome(bench: Bench, part: Planned, held_out: HeldOut, root: Path, console: Console) -> Outcome:
    settings = settings_of(bench, part.row, part.recipe)
    Outcome(False, settings, "stopped before its end").write(part.folder)
    try:
        return run_row(bench, part.row, part.recipe, held_out, root, part.folder, console)
    except HemascopeError as problem:
        reason = str(problem)
    except Exception as problem:  # whatever it is, the other rows are worth running
        reason = f"{type(problem).__name__}: {(str(problem).strip() or 'no message').splitlines()[0]}"
    outcome = Outcome(False, settings, reason)
    outcome.write(part.folder)
    return outcome


def _folder_name(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-_.+" else "-" for letter in name.lower())
    return kept.strip("-.") or "row"
