"""Finished Runs -> one Run: the mean of their probabilities, or of their weights."""

import itertools
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from hemascope.data.manifest import Manifest
from hemascope.data.remote.delivery import here
from hemascope.errors import RunError
from hemascope.evaluate.summary import read_metrics
from hemascope.files import atomic, writing
from hemascope.models.freezing import freeze
from hemascope.models.network import run_network
from hemascope.pipeline.parts import part, read_again
from hemascope.pipeline.train import about, go_on
from hemascope.progress import SILENT, Progress
from hemascope.report.words import headline_split
from hemascope.shown import interval, percent, table
from hemascope.train.batchnorm import recompute_statistics
from hemascope.train.checkpoints import read_weights
from hemascope.train.device import choose_device
from hemascope.train.fit import Part
from hemascope.train.kinds import open_network
from hemascope.train.run import Run
from hemascope.train.soup import Soup, State, greedy_soup, mean_state


@dataclass(frozen=True)
class Ensemble:
    """What `ensemble` made.

    Attributes:
        run: the new Run.
        members: the Runs that it was to be made of.
        soup: which of them are in it, and what each and the whole score on val; None of a mean of probabilities.
    """

    run: Run
    members: tuple[Run, ...]
    soup: Soup | None = None

    @property
    def accuracies(self) -> pd.DataFrame:
        """The accuracy of each member and of the whole, last, on the part that the report speaks of.

        Columns ``run, split, value, low, high``; a member that was not scored on that part is left out.
        """
        split = headline_split(read_metrics(self.run.metrics_file))
        found = []
        for run in (*self.members, self.run):
            scored = run.metrics
            row = scored[(scored["split"] == split) & (scored["score"] == "accuracy")]
            found.append(row.assign(run=str(run.folder))[["run", "split", "value", "low", "high"]])
        return pd.concat(found, ignore_index=True)

    def _repr_html_(self) -> str:
        """What a notebook shows: the accuracies, and the new Run."""
        rows = [
            [row["run"], percent(row["value"]), interval({"low": row["low"], "high": row["high"]})]
            for row in self.accuracies.to_dict("records")
        ]
        return table(["Run", "Accuracy", "95% interval"], rows) + self.run._repr_html_()


def ensemble(
    runs: Sequence[str | Path | Run], output: str | Path, *, soup: bool = False, progress: Progress = SILENT
) -> Ensemble:
    """Join finished trainings in one Run with scores, report.html and model.onnx.

    Its model says the mean of the trainings' probabilities; or, of a soup, is one network with the mean of their
    weights, of those that raise its accuracy on the validation images. All must have the same classes and the same
    validation and test images, so that no image scores what it trained.

    Args:
        runs: two or more finished Runs, or their folders.
        output: folder of the new Run.
        soup: average weights instead of probabilities; wants trainings of one network that began with the same weights.
        progress: what it reports to.

    Raises:
        RunError: Runs that cannot be joined, or a folder that cannot be used; nothing is written then.
    """
    folders = [run.folder if isinstance(run, Run) else Path(run) for run in runs]
    members = tuple(Run(folder) for folder in folders)
    if not soup:
        return Ensemble(average(folders, here(output), progress), members)
    run, found = cook(folders, here(output), progress)
    return Ensemble(run, members, found)


def check_joinable(runs: Sequence[Run]) -> None:
    """Refuse Runs that make no ensemble, or one that could not be scored.

    An image that trained one member must not score the ensemble: all Runs must have the same validation images, and
    where one has a test part the same test images, and none of these may have trained any of them.

    Raises:
        RunError: fewer than two, one twice, not finished, of K folds, of other classes or of another division.
    """
    if len(runs) < 2:
        raise RunError(f"{len(runs)} Run is no ensemble", "Name two or more.")
    folders = [run.folder.resolve() for run in runs]
    for run in runs:
        if folders.count(run.folder.resolve()) > 1:
            raise RunError(f"{run.folder} is named twice", "Name each Run once: its vote would count double.")
        if not run.model_file.exists():
            raise RunError(f"{run.folder}: its training is not finished", f"hemascope train --resume {run.folder}")
        if run.recipe().folds:
            raise RunError(
                f"{run.folder} is a training of {run.recipe().folds} folds: every image trained some of its networks",
                "It is an ensemble already; join Runs without folds.",
            )
    first, *others = [(run, run.manifest()) for run in runs]
    for run, manifest in others:
        if manifest.classes != first[1].classes:
            raise RunError(
                f"{run.folder} has the classes {', '.join(manifest.classes)}; {first[0].folder} has "
                f"{', '.join(first[1].classes)}",
                "Join Runs of the same classes in the same order.",
            )
    for name in ("val", "test"):
        for run, manifest in others:
            differ = len(_ids(first[1], name) ^ _ids(manifest, name))
            if differ:
                raise RunError(
                    f"{run.folder} and {first[0].folder} have other {name} images ({differ:,} are in one only), so "
                    "some that trained the one would score the other",
                    f"Train both on one division: name {first[0].manifest_file} as the source.",
                )


def _ids(manifest: Manifest, name: str) -> set[str]:
    return set(manifest.ids[manifest.part(name)])


_NOT_COPIED = ("model.onnx", "last.ckpt", "best.pt", "report.html", "example.png")  # no part of the network


def average(folders: Sequence[Path], folder: Path, progress: Progress) -> Run:
    """Leave a Run whose network is the mean of the probabilities of finished Runs' networks, see `Averaged`.

    Args:
        folders: of the Runs; they may be of different networks and input sizes. What is needed of them is copied.
        folder: where the new Run goes. Its recipe is the first's, but for name and input size.
        progress: what it reports to.

    Raises:
        RunError: see `check_joinable`; or a folder within one of the Runs. Nothing is written then.
    """
    Run(folder).check_free()
    runs = [Run.open(path) for path in folders]
    check_joinable(runs)
    if {run.folder.resolve() for run in runs} & set(folder.resolve().parents):
        raise RunError(f"{folder} lies within a training that is to be copied there", "Name another folder with -o.")
    recipes = [run.recipe() for run in runs]
    size = max(recipe.input_size for recipe in recipes)
    recipe = recipes[0].model_copy(update={"name": "ensemble", "input_size": size})
    manifest = runs[0].manifest()
    images = read_again(manifest, size, progress)
    names = [f"members/{number}" for number in range(1, len(runs) + 1)]
    for name, run in zip(names, runs, strict=True):
        with writing(folder / name):
            shutil.copytree(run.folder, folder / name, ignore=shutil.ignore_patterns(*_NOT_COPIED), dirs_exist_ok=True)
    # Calibrated after averaging: the validation images are new to all members.
    joined = {"members": names, "member_temperature": 1.0, "joined": [str(path) for path in folders]}
    run = Run.create(folder, recipe, manifest, {**about(str(runs[0].about().get("source", ""))), **joined})
    return go_on(run, recipe, manifest, images, progress)


def cook(folders: Sequence[Path], folder: Path, progress: Progress) -> tuple[Run, Soup]:
    """Leave a Run whose network has the mean of finished Runs' weights, chosen by `greedy_soup` on val.

    BatchNorm statistics are gathered anew for every mixture, on the first Run's training images; not those of layers
    that all Runs kept frozen.

    Args:
        folders: of the Runs, all of one network.
        folder: where the new Run goes. Its recipe is the first's, but for its name.
        progress: what it reports to.

    Returns:
        The Run, and which of the others' weights it has.

    Raises:
        RunError: see `check_joinable`; or networks that differ. Nothing is written then.
    """
    Run(folder).check_free()
    runs = [Run.open(path) for path in folders]
    check_joinable(runs)
    recipe = runs[0].recipe()
    states = _states(runs)
    manifest = runs[0].manifest()
    images = read_again(manifest, recipe.input_size, progress)
    train, val = (part(manifest, images, name) for name in ("train", "val"))
    network = open_network(runs[0])
    if all(run.recipe().transfer == recipe.transfer for run in runs):
        freeze(network, recipe.transfer.trainable)  # with its statistics
    device = choose_device()

    def fill(state: State) -> None:
        network.load_state_dict(state)
        if not any(state is given for given in states):
            recompute_statistics(network, train.images, recipe, device, always=True, progress=progress)
        network.to("cpu")

    tasted = itertools.count(1)

    def accuracy(state: State) -> float:
        fill(state)
        progress.done(next(tasted))
        return _accuracy(run_network(network, val.images), val)

    progress.step("tasting the soup", 2 * len(states) - 1)
    found = greedy_soup(states, accuracy)
    taken = [states[i] for i in found.taken]
    fill(mean_state(taken) if len(taken) > 1 else taken[0])
    run = Run(folder)
    with atomic(run.final_weights) as temporary:
        torch.save(network.state_dict(), temporary)
    recipe = recipe.model_copy(update={"name": "soup"})
    joined = {"joined": [str(path) for path in folders], "soup": [str(folders[i]) for i in found.taken]}
    run = Run.create(folder, recipe, manifest, {**about(str(runs[0].about().get("source", ""))), **joined})
    return go_on(run, recipe, manifest, images, progress), found


def _states(runs: Sequence[Run]) -> list[State]:
    states: list[State] = []
    for run in runs:
        if not run.final_weights.exists() or run.recipe().boosting is not None:
            raise RunError(f"{run.folder} is not one network but several: no soup", "Leave out --soup to average them.")
        states.append(read_weights(run.final_weights))
        if run.recipe().network != runs[0].recipe().network or _shapes(states[-1]) != _shapes(states[0]):
            raise RunError(
                f"{run.folder} and {runs[0].folder} have different networks or heads "
                f"({run.recipe().network}, {runs[0].recipe().network}): their weights cannot be averaged",
                "Leave out --soup to average their probabilities.",
            )
    return states


def _shapes(state: State) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in state.items()}


def _accuracy(logits: np.ndarray, val: Part) -> float:
    return float((logits.argmax(1) == val.targets).mean())
