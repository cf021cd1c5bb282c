"""BatchNorm statistics for the images that a model will meet, not for those it was trained on."""

import numpy as np
import torch
from torch import nn

from hemascope.augment.batch import augment
from hemascope.models.network import Network, is_frozen
from hemascope.progress import SILENT, Progress
from hemascope.train.batches import to_unit_range, training_batches
from hemascope.train.recipe import Recipe

_BATCHES = 100  # the mean over so many is stable; more only cost time


def recompute_statistics(
    network: Network,
    images: np.ndarray,
    recipe: Recipe,
    device: torch.device,
    *,
    weights: np.ndarray | None = None,
    always: bool = False,
    progress: Progress = SILENT,
) -> None:
    """Replace BatchNorm's running statistics by the mean over half clean, half augmented training images.

    Statistics that come from augmented images alone cost points of accuracy on clean ones. The images come in their
    original distribution whatever the recipe's balance, because that is what the model will meet. Does nothing to
    frozen layers, to a network without BatchNorm, or when the training saw clean images in that distribution, unless
    ``always``.

    Args:
        network: changed in place.
        images: training images, uint8 (n, size, size, 3).
        recipe: its policy, balance, batch size and seed.
        device: where to compute.
        weights: float (n,), how often to draw each image, in proportion; None: every one once.
        always: the weights are not those that the statistics were gathered with.
        progress: what it reports to.
    """
    layers = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) and not is_frozen(m)]
    drawn = recipe.balance.changes_draws or recipe.laboratories.changes_draws
    if not layers or not (always or drawn or not recipe.augment.changes_nothing):
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a cumulative mean
    policy = recipe.augment if recipe.augment.changes_nothing else recipe.augment.model_copy(update={"clean": 0.5})
    generator = torch.Generator(device).manual_seed(recipe.seed)
    assert isinstance(recipe.batch_size, int)  # "auto" is resolved before a training begins
    size, targets = max(recipe.batch_size, 64), np.zeros(len(images), np.int64)
    batches = training_batches(images, targets, size, recipe.seed, weights=weights)
    progress.step("gathering BatchNorm's statistics", min(_BATCHES, len(batches)))
    network.to(device).eval()
    for layer in layers:
        layer.train()
    with torch.no_grad():
        for number, (batch, *_) in zip(range(_BATCHES), batches, strict=False):
            shown = augment(to_unit_range(batch.to(device)), policy, generator)
            network(shown.contiguous(memory_format=torch.channels_last))
            progress.done(number + 1)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
