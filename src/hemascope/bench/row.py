"""One row of a bench: trained or taken up where it stood, then measured."""

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console

import hemascope
from hemascope import job
from hemascope.bench.data import TRAIN, HeldOut, check_unseen
from hemascope.bench.file import Bench, Row
from hemascope.bench.machine import machine_line
from hemascope.bench.outcome import Outcome, settings_of
from hemascope.errors import RecipeError, WeightsError
from hemascope.evaluate.compare.contender import TTA_TABLE
from hemascope.evaluate.compare.cost import cost_of, images_per_second
from hemascope.evaluate.compare.hidden import score_hidden, write_hidden
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.tta import TtaModel
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


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
        return job.resume(folder, console)
    source = str(root / TRAIN)
    try:
        return job.train(source, recipe, folder, console)
    except WeightsError:
        if bench.fallback != "scratch":
            raise
    return job.train(source, _from_scratch(recipe), folder, console)


def _from_scratch(recipe: Recipe) -> Recipe:
    try:
        return Recipe.model_validate({**recipe.model_dump(), "pretrained": False})
    except ValidationError as problem:
        reason = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise RecipeError(f"no pretrained weights, and from scratch it cannot be trained: {reason}") from problem
