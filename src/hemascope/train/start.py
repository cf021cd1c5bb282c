"""Going on from the network of a finished Run, on other images or by another recipe."""

from pathlib import Path

import torch

from hemascope.errors import RecipeError, RunError
from hemascope.models.network import Network
from hemascope.train.run import Run

_HEAD = "head."


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
    weights = torch.load(run.final_weights, map_location="cpu", weights_only=True)
    own = network.state_dict()
    same = {name: value.shape for name, value in weights.items() if name.startswith(_HEAD)} == {
        name: value.shape for name, value in own.items() if name.startswith(_HEAD)
    }
    if not same:
        weights = {name: value for name, value in weights.items() if not name.startswith(_HEAD)}
        weights |= {name: value for name, value in own.items() if name.startswith(_HEAD)}
    network.load_state_dict(weights)
    return same
