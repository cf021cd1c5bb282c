"""Fitting a boosted Run, and reading it again."""

import torch
from rich.console import Console

from hemascope.files import atomic
from hemascope.models.boosted import Boosted, Trees, TreeVotes, Vote
from hemascope.models.network import Network
from hemascope.train.boosting.features import fit_features
from hemascope.train.boosting.networks import fit_networks
from hemascope.train.fit import Part, new_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run


def fit_boosted(run: Run, recipe: Recipe, classes: int, train: Part, val: Part, console: Console) -> Network:
    """Boost by the recipe from wherever the Run stands, and return the joined network, in evaluation mode.

    Args:
        run, recipe, classes, train, val, console: as of `hemascope.train.fit.fit`.

    Raises:
        RunError: the first learner is no better than chance.
    """
    assert recipe.boosting is not None
    fit = fit_networks if recipe.boosting.over == "networks" else fit_features
    network = fit(run, recipe, classes, train, val, console)
    with atomic(run.final_weights) as temporary:
        torch.save(network.state_dict(), temporary)
    return network


def boosted_of(weights: dict[str, torch.Tensor], recipe: Recipe, classes: int) -> Network:
    """The joined network of finished weights; how many learners it has, they say themselves."""
    boosting = recipe.boosting
    assert boosting is not None
    alphas = weights["head.vote.alphas"].tolist()
    if boosting.over == "networks":
        members = [new_network(recipe, classes, pretrained=False) for _ in alphas]
        network: Network = Boosted(members, alphas, boosting.voting)
    else:
        network = new_network(recipe, classes, pretrained=False)
        trees = Trees(*(weights[f"head.{name}"].numpy() for name in Trees._fields))
        network.head = TreeVotes(trees, Vote(alphas, boosting.voting))
    network.load_state_dict(weights)
    return network.eval()
