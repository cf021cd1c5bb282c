"""AdaBoost over networks: every round trains one anew, on images drawn by how badly the former rounds did on them."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy import special

from hemascope.files import atomic, write_text
from hemascope.models.boosted import Boosted
from hemascope.models.network import Network, run_network
from hemascope.progress import SILENT, Progress
from hemascope.train.boosting.ledger import Ledger
from hemascope.train.checkpoints import HISTORY_COLUMNS
from hemascope.train.device import choose_device
from hemascope.train.fit import Part, fit, load_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


class Said(NamedTuple):
    """What a learner says: classes of the training images, int (n,), and probabilities of val, float32 (m, k)."""

    train: np.ndarray
    val: np.ndarray


def fit_networks(
    run: Run, recipe: Recipe, classes: int, train: Part, val: Part, *, progress: Progress = SILENT
) -> Network:
    """Train round after round, from wherever the Run stands, and join the learners.

    Each round is a training by the whole recipe, from new weights and with its own seed, in ``rounds/1`` and so on
    within the Run. Its images are drawn by their weights, rather than weighed in the loss: then a batch is not ruled
    by the few images of great weight, BatchNorm sees what the loss does, and mixing, smoothing and every optimiser
    work as always (resampling does as well as reweighting: Seiffert et al. 2008, "Resampling or reweighting").

    Args:
        run, recipe, classes, train, val, progress: as of `hemascope.train.fit.fit`.

    Raises:
        RunError: the first learner is no better than chance.
    """
    boosting = recipe.boosting
    assert boosting is not None
    ledger = Ledger(boosting, train.targets, val.targets)
    members: list[Network] = []
    while len(members) < boosting.rounds and not ledger.log.stopped:
        part = round_run(run, ledger.next)
        network, said = _learner(part, round_recipe(recipe, ledger.next), classes, train, val, ledger, progress)
        if ledger.add(said.train, said.val, _seconds(part)):
            members.append(network)
            ledger.tell_round(progress)
        ledger.log.write(run.folder)
        _join_histories(run, len(members))
    ledger.tell_end(progress)
    return Boosted(members, ledger.alphas, boosting.voting).eval()


def round_run(run: Run, number: int) -> Run:
    """The folder of a round, counted from 1."""
    return Run(run.folder / "rounds" / str(number))


def round_recipe(recipe: Recipe, number: int) -> Recipe:
    """How a round is trained; the first as the recipe without boosting would be."""
    return recipe.model_copy(update={"boosting": None, "seed": recipe.seed + number - 1})


def _learner(
    part: Run, recipe: Recipe, classes: int, train: Part, val: Part, ledger: Ledger, progress: Progress
) -> tuple[Network, Said]:
    kept = part.folder / "said.npz"
    if kept.is_file():
        with np.load(kept) as saved:
            return load_network(part, recipe, classes), Said(saved["train"], saved["val"])
    progress.say(f"round {ledger.next}/{ledger.log.planned}")
    weights = None if ledger.next == 1 else ledger.weights
    network = fit(part, recipe, classes, train, val, draw_weights=weights, progress=progress)
    network.to(choose_device())
    said = Said(
        run_network(network, train.images).argmax(1),
        special.softmax(run_network(network, val.images), axis=1),
    )
    with atomic(kept) as temporary, temporary.open("wb") as file:
        np.savez(file, **said._asdict())
    for checkpoint in (part.last_checkpoint, part.best_weights):  # several times as large as the finished network
        checkpoint.unlink(missing_ok=True)
    return network.to(torch.device("cpu")), said


def _seconds(part: Run) -> float:
    return sum(float(row["seconds"]) for row in _rows(part.history_file))


def _join_histories(run: Run, rounds: int) -> None:
    """The epochs of all rounds as one history, numbered on."""
    rows = [row for number in range(1, rounds + 1) for row in _rows(round_run(run, number).history_file)]
    lines = [",".join(HISTORY_COLUMNS)]
    lines += [",".join((row | {"epoch": str(i)})[name] for name in HISTORY_COLUMNS) for i, row in enumerate(rows, 1)]
    write_text(run.history_file, "\n".join(lines) + "\n")


def _rows(history: Path) -> list[dict[str, str]]:
    with history.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
