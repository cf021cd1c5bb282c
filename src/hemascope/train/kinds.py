"""Which kind of training a recipe asks for, and which kind of network a Run has: one, many that vote, or a mean."""

import torch

from hemascope.files import atomic
from hemascope.models.boosted import Boosted, Trees, TreeVotes, Vote
from hemascope.models.ensemble import Averaged
from hemascope.models.network import Network
from hemascope.progress import SILENT, Progress
from hemascope.train.boosting.features import fit_features
from hemascope.train.boosting.networks import fit_networks
from hemascope.train.fit import Part, finished_weights, fit, load_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import new_network


def fit_network(
    run: Run, recipe: Recipe, classes: int, train: Part, val: Part, *, progress: Progress = SILENT
) -> Network:
    """Train the Run's network from wherever it stands, as its recipe says, and return it, in evaluation mode.

    Args:
        run, recipe, classes, train, val, progress: as of `hemascope.train.fit.fit`.

    Raises:
        RunError: a boosting whose first learner is no better than chance.
    """
    if recipe.boosting is None:
        return fit(run, recipe, classes, train, val, progress=progress)
    if not run.final_weights.exists():
        boost = fit_networks if recipe.boosting.over == "networks" else fit_features
        network = boost(run, recipe, classes, train, val, progress=progress)
        with atomic(run.final_weights) as temporary:
            torch.save(network.state_dict(), temporary)
    return _boosted(run, recipe, classes)


def open_network(run: Run) -> Network:
    """The finished network of any Run, in evaluation mode on the CPU; of several networks, one that joins them.

    Raises:
        RunError: not a Run, or its training is not finished.
    """
    if members := run.members():
        return Averaged([open_network(member) for member in members], run.about()["member_temperature"]).eval()
    recipe, classes = run.recipe(), len(run.manifest().classes)
    return load_network(run, recipe, classes) if recipe.boosting is None else _boosted(run, recipe, classes)


def _boosted(run: Run, recipe: Recipe, classes: int) -> Network:
    """The joined network of a finished boosting; how many learners it has, its weights say."""
    boosting = recipe.boosting
    assert boosting is not None
    weights = finished_weights(run)
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
