"""The network that a training begins with: new, pretrained, or that of a finished Run."""

from pathlib import Path

import torch

from hemascope.errors import RecipeError, RunError
from hemascope.models.freezing import frozen_weights
from hemascope.models.network import Network, create_network
from hemascope.train.checkpoints import check_fit, read_weights
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

_HEAD = "head."


def first_network(recipe: Recipe, classes: int) -> Network:
    """What the recipe's training begins with: its network with pretrained weights, or with those of ``start``.

    Raises:
        RecipeError: no such network, or one that does not fit the recipe's other keys.
        RunError: what it starts from is no finished Run.
        WeightsError: its pretrained weights cannot be had.
    """
    network = new_network(recipe, classes, pretrained=recipe.pretrained and recipe.start is None)
    if recipe.start is not None:
        start_from(recipe.start, network)
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


def start_from(folder: str, network: Network) -> bool:
    """Give a network the weights of a Run's; another number of classes, or another head, keeps its own new head.

    Args:
        folder: of the finished Run.
        network: changed in place; of the same architecture, at any input size.

    Returns:
        Whether the head was taken over too.

    Raises:
        RunError: not a finished Run.
        RecipeError: its network is another one.
    """
    run = Run.open(Path(folder))
    members = run.members()
    if members:
        raise RecipeError(
            f"start: {folder} holds {len(members)} networks whose probabilities are averaged",
            f"Start from one of them, such as {members[0].folder}.",
        )
    if not run.final_weights.exists():
        raise RunError(f"{folder}: its training is not finished", f"hemascope train --resume {folder}")
    theirs = run.recipe().network
    ours = network.description.network
    if theirs != ours:
        raise RecipeError(f"start: {folder} holds a {theirs}, the recipe asks for {ours}", f"Set network={theirs}.")
    boosting = run.recipe().boosting
    if boosting is not None and boosting.over == "networks":
        raise RecipeError(f"start: {folder} holds many networks that vote", "Start from a Run of one network.")
    weights = read_weights(run.final_weights)
    own = network.state_dict()
    same = {name: value.shape for name, value in weights.items() if name.startswith(_HEAD)} == {
        name: value.shape for name, value in own.items() if name.startswith(_HEAD)
    }
    if not same:
        weights = {name: value for name, value in weights.items() if not name.startswith(_HEAD)}
        weights |= {name: value for name, value in own.items() if name.startswith(_HEAD)}
    check_fit(run.final_weights, weights, network)
    network.load_state_dict(weights)
    return same
