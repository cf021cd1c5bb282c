"""Which part of a network learns: all of it, its head alone, its last stages, or a layer and all after it."""

import difflib

from torch import nn

from hemascope.errors import RecipeError
from hemascope.models.network import Network


def stages(backbone: nn.Module) -> list[list[nn.Parameter]]:
    """The weights of a backbone in its stages, from the images on.

    A stage ends where timm's ``feature_info`` names its last layer; what follows the last one belongs to it. A
    backbone without that list is divided into its children. Stages without weights do not count.

    >>> from hemascope.models.staged import VanillaCNN
    >>> [len(stage) for stage in stages(VanillaCNN())]  # a convolution's weight and bias
    [2, 2, 2, 2]
    """
    names = [name for name, _ in backbone.named_modules()]
    ends = [_last(names, str(info["module"])) for info in getattr(backbone, "feature_info", [])]
    if not ends:
        ends = [_last(names, name) for name, _ in backbone.named_children()]
    parts: list[list[nn.Parameter]] = [[] for _ in ends]
    for place, (_, module) in enumerate(backbone.named_modules()):
        stage = next((i for i, end in enumerate(ends) if place <= end), len(ends) - 1)
        parts[stage] += module.parameters(recurse=False)
    return [part for part in parts if part]


def frozen_weights(network: Network, trainable: int | str) -> list[nn.Parameter]:
    """The weights that do not learn.

    Args:
        network: whose head always learns.
        trainable: ``"all"``; ``"head"``; how many of the last stages; or the name of a layer of the backbone, as
            ``named_modules`` gives it, from which on all learn.

    Raises:
        RecipeError: more stages than there are, or no layer of that name.
    """
    backbone = network.backbone
    if trainable == "all":
        return []
    if trainable == "head":
        return list(backbone.parameters())
    if isinstance(trainable, int):
        parts = stages(backbone)
        if trainable > len(parts):
            raise RecipeError(
                f"transfer.trainable={trainable}: {network.description.network} has {len(parts)} stages",
                "Give a smaller number, or all.",
            )
        return [weight for part in parts[: len(parts) - trainable] for weight in part]
    layer = trainable.removeprefix("backbone.")
    names = [name for name, _ in backbone.named_modules()]
    if layer not in names[1:]:
        near = difflib.get_close_matches(layer, names[1:], n=3, cutoff=0.3) or names[1:4]
        raise RecipeError(
            f"transfer.trainable: {network.description.network} has no layer {trainable!r}",
            f"Did you mean {' or '.join(near)}? all, head and a number of stages are valid too.",
        )
    before = [module for _, module in backbone.named_modules()][: names.index(layer)]
    return [weight for module in before for weight in module.parameters(recurse=False)]


def freeze(network: Network, trainable: int | str) -> None:
    """Let only that part of ``network`` learn from now on, and keep the rest in evaluation mode."""
    frozen = {id(weight) for weight in frozen_weights(network, trainable)}
    for weight in network.parameters():
        weight.requires_grad_(id(weight) not in frozen)
    network.train(network.training)


def _last(names: list[str], module: str) -> int:
    return max((i for i, name in enumerate(names) if name == module or name.startswith(f"{module}.")), default=-1)
