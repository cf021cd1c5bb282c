"""Runs the rows of a bench, each once; what failed does not stop the others."""

import gc
import platform
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

import hemascope
from hemascope.bench.data import TRAIN, HeldOut, check_unseen
from hemascope.bench.file import Bench, Row
from hemascope.bench.outcome import RowOutcome, read_outcome, settings_of
from hemascope.cores import usable_cores
from hemascope.engine.tasks import Call
from hemascope.engine.where import HERE, Where, tasks
from hemascope.errors import EngineError, HemascopeError, RecipeError, RunError, WeightsError
from hemascope.evaluate.compare.contender import TTA_TABLE, cost_of, images_per_second
from hemascope.evaluate.compare.hidden import score_hidden, write_hidden
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.tta import TtaModel
from hemascope.pipeline import train as pipeline
from hemascope.progress import SILENT, Progress
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
    bench: Bench, row: Row, recipe: Recipe, held_out: HeldOut, root: Path, folder: Path, progress: Progress
) -> RowOutcome:
    """Train a row, or go on with it, and score its model file on the held-out images.

    Args:
        bench: the file.
        row: one of it.
        recipe: of the row.
        held_out: what it is scored on.
        root: the bench's folder.
        folder: the row's.
        progress: what the training reports to.

    Raises:
        HemascopeError: the row cannot be run.
    """
    run = _trained(bench, row, recipe, root, folder / "run", progress)
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
    outcome = RowOutcome(
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


def _trained(bench: Bench, row: Row, recipe: Recipe, root: Path, folder: Path, progress: Progress) -> Run:
    if row.run is not None:
        return Run.open(row.run)
    if (folder / "run.json").is_file():
        return pipeline.resume(folder, progress=progress)
    source = root / TRAIN
    try:
        return pipeline.train(source, recipe, output=folder, progress=progress)
    except WeightsError:
        if bench.fallback != "scratch":
            raise
    return pipeline.train(source, _from_scratch(recipe), output=folder, progress=progress)


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
    def outcome(self) -> RowOutcome | None:
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
            recipe = load_recipe(row.recipe, row.set)
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


def run_rows(
    bench: Bench,
    planned: Sequence[Planned],
    held_out: HeldOut,
    folder: Path,
    *,
    only: Collection[str] = (),
    where: Where = HERE,
    progress: Progress = SILENT,
) -> None:
    """Run the rows that are not done yet; what was killed goes on at its epoch, what failed is tried again.

    What becomes of a row is in its folder; one that fails raises nothing. On a cluster each row is a task.

    Args:
        bench: the file.
        planned: its rows.
        held_out: what they are scored on.
        folder: of the bench.
        only: names of rows; all where none is named.
        where: they are run.
        progress: what it reports to.
    """
    heads = [f"{number}/{len(planned)} {part.row.name}" for number, part in enumerate(planned, 1)]
    chosen = [n for n, part in enumerate(planned) if not only or part.row.name in only]
    left = [n for n in chosen if (before := planned[n].outcome) is None or not before.done]
    root = folder if where.on is None else folder.absolute()

    def calls(given: Any) -> Iterator[Call]:
        for n in chosen:
            part = planned[n]
            if n not in left:
                progress.say(f"{heads[n]}: done already")
                continue
            progress.say(f"{heads[n]}: {part.recipe.network}, {part.recipe.epochs} epochs")
            part = replace(part, folder=root / part.folder.relative_to(folder))
            yield Call(part.row.name, run_planned, (bench, part, given, root))

    def lost(position: int, problem: EngineError) -> tuple[RowOutcome, float]:
        part = planned[left[position]]
        outcome = RowOutcome(False, settings_of(bench, part.row, part.recipe), str(problem))
        outcome.write(part.folder)
        return outcome, 0.0

    with tasks(where if left else HERE, folder, many=len(left)) as pool:
        given = pool.put(held_out)
        for position, (outcome, minutes) in pool.each(calls(given), what="rows", progress=progress, lost=lost):
            said = f"done in {minutes:.1f} minutes" if outcome.done else f"failed: {outcome.reason}"
            progress.say(f"{heads[left[position]]}: {said}")


def run_planned(
    bench: Bench, part: Planned, held_out: HeldOut, root: Path, *, progress: Progress
) -> tuple[RowOutcome, float]:
    """Run a row, or go on with it, whatever becomes of it; gives that and the minutes it took."""
    begun = time.monotonic()
    outcome = _outcome(bench, part, held_out, root, progress)
    gc.collect()  # a network of the row before is not to add to the next one's memory
    return outcome, (time.monotonic() - begun) / 60


def _outcome(bench: Bench, part: Planned, held_out: HeldOut, root: Path, progress: Progress) -> RowOutcome:
    settings = settings_of(bench, part.row, part.recipe)
    RowOutcome(False, settings, "stopped before its end").write(part.folder)
    try:
        return run_row(bench, part.row, part.recipe, held_out, root, part.folder, progress)
    except HemascopeError as problem:
        reason = str(problem)
    except Exception as problem:  # whatever it is, the other rows are worth running
        reason = f"{type(problem).__name__}: {(str(problem).strip() or 'no message').splitlines()[0]}"
    outcome = RowOutcome(False, settings, reason)
    outcome.write(part.folder)
    return outcome


def _folder_name(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-_.+" else "-" for letter in name.lower())
    return kept.strip("-.") or "row"
