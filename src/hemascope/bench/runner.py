"""Runs a bench: row after row, each once; what failed does not stop the others."""

import gc
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from hemascope.bench.data import HeldOut, prepare
from hemascope.bench.file import Bench, Row
from hemascope.bench.outcome import Outcome, read_outcome, settings_of
from hemascope.bench.row import run_row
from hemascope.errors import HemascopeError, RecipeError, RunError
from hemascope.train.nearest import did_you_mean
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe

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
