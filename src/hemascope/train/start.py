"""The network that a training begins with: new, pretrained, or that of a finished Run or a model file."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from hemascope.data.manifest import Manifest
from hemascope.errors import RecipeError, RunError
from hemascope.models.freezing import frozen_weights
from hemascope.models.network import Network, create_network
from hemascope.models.rebuilt import take_over
from hemascope.predict.classifier import load
from hemascope.predict.shipped import find, names
from hemascope.train.checkpoints import check_fit, read_weights
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

_HEAD = "head."


def first_network(recipe: Recipe, classes: int, manifest: Callable[[], Manifest]) -> Network:
    """What the recipe's training begins with: its network with pretrained weights, or with those of ``start``.

    Args:
        recipe: of the training.
        classes: number of classes.
        manifest: gives what is trained on; asked for the names of the classes where there is a ``start``.

    Raises:
        RecipeError: no such network, or one that does not fit the recipe's other keys.
        RunError: what it starts from is no finished Run.
        ModelFileError: what it starts from is no model file, or one whose weights cannot be taken out.
        WeightsError: its pretrained weights cannot be had.
    """
    network = new_network(recipe, classes, pretrained=recipe.pretrained and recipe.start is None)
    if recipe.start is not None:
        start_from(recipe.start, network, manifest().classes)
    return network


def new_network(recipe: Recipe, classes: int, *, pretrained: bool) -> Network:
    """The recipe's network; its random part (the head, or everything) depends on the seed alone."""
    torch.manual_seed(recipe.seed)
    network = create_network(
        recipe.network,
        classes=classes,
        input_size=recipe.input_size,
        pretrained=pretrained,
        dense=recipe.head.dense,
        dropout=recipe.head.dropout,
    )
    frozen_weights(network, recipe.transfer.trainable)  # refuses layers that it does not have
    return network


def start_from(start: str, network: Network, classes: Sequence[str]) -> bool:
    """Give a network the weights of another; that of other classes, or with another head, keeps its own new head.

    Args:
        start: folder of a finished Run, name of a shipped model, or a model file.
        network: changed in place; of the same architecture, at any input size.
        classes: names of its classes.

    Returns:
        Whether the head was taken over too.

    Raises:
        RunError: not a finished Run.
        ModelFileError: no model file, or one whose weights cannot be taken out.
        RecipeError: its network is another one.
    """
    file = model_file(start)
    if file is None:
        return _start_from_run(Run.open(Path(start)), network, classes)
    model = load(file, device="cpu")
    _check_network(start, model.card.network, network)
    return take_over(model, network, head=tuple(classes) == model.card.classes)


def model_file(start: str) -> Path | None:
    """The model file that a training is to start from; None where it is a Run.

    Raises:
        ModelFileError: it is neither a folder, a file nor the name of a shipped model.
        RecipeError: it is a Run's, which knows more: what it was trained on.
    """
    path = Path(start)
    if (path / "run.json").is_file() or (path.is_dir() and start not in names()):
        return None
    file = find(start)
    if (file.parent / "run.json").is_file():
        raise RecipeError(f"start: {start} is the model file of a Run", f"Name the Run: start={file.parent}")
    return file


def learnt_from(start: str) -> str | None:
    """What a model file that a training starts from was trained on, in a sentence; None for a Run, which is checked.

    >>> learnt_from("robust")
    'start: robust learnt from 11,959 images of pbc: were yours among them, their scores would be too good'
    """
    if (file := model_file(start)) is None:
        return None
    data = load(file, device="cpu").card.data
    images, name = data.get("images", 0), data.get("name") or "a data set that its card does not name"
    return (
        f"start: {start} learnt from {images:,} images of {name}: were yours among them, their scores would be too good"
    )


def _check_network(start: str, theirs: str, network: Network) -> None:
    ours = network.description.network
    if theirs != ours:
        raise RecipeError(f"start: {start} holds a {theirs}, the recipe asks for {ours}", f"Set network={theirs}.")


def _start_from_run(run: Run, network: Network, classes: Sequence[str]) -> bool:
    folder = run.folder
    members = run.members()
    if members:
        raise RecipeError(
            f"start: {folder} holds {len(members)} networks whose probabilities are averaged",
            f"Start from one of them, such as {members[0].folder}.",
        )
    if not run.final_weights.exists():
        raise RunError(f"{folder}: its training is not finished", f"hemascope train --resume {folder}")
    _check_network(str(folder), run.recipe().network, network)
    boosting = run.recipe().boosting
    if boosting is not None and boosting.over == "networks":
        raise RecipeError(f"start: {folder} holds many networks that vote", "Start from a Run of one network.")
    weights = read_weights(run.final_weights)
    own = network.state_dict()
    same = tuple(classes) == run.manifest().classes and (
        {name: value.shape for name, value in weights.items() if name.startswith(_HEAD)}
        == {name: value.shape for name, value in own.items() if name.startswith(_HEAD)}
    )
    if not same:
        weights = {name: value for name, value in weights.items() if not name.startswith(_HEAD)}
        weights |= {name: value for name, value in own.items() if name.startswith(_HEAD)}
    check_fit(run.final_weights, weights, network)
    network.load_state_dict(weights)
    return same
