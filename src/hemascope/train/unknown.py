"""Fitting the score of unknown objects to a trained network: minutes of work after the training, no foreign data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.models.levels import Levels
from hemascope.models.network import Network
from hemascope.models.unknown import UnknownScore
from hemascope.train.recipe import Recipe
from hemascope.train.unknown_examples import strangers
from hemascope.train.unknown_fit import fit_head, fit_space

CELLS, CHANGED, STRANGERS = 4000, 3000, 2400
"""Training images looked at as they are and augmented, and made pictures of no cell; of a small data set, less."""

KNOWN_RATE, CHANGED_RATE = 0.01, 0.05
"""At most these shares of the validation cells are flagged: as they are, and changed by the recipe's policy."""

METHOD = "relative and plain Mahalanobis distance and outlier head on features of three depths"


def fit_unknown(
    network: Network,
    recipe: Recipe,
    train: tuple[np.ndarray, np.ndarray],
    val: np.ndarray,
    pictures: Sequence[np.ndarray],
) -> tuple[UnknownScore, dict[str, Any]]:
    """Fit the score to a network and choose its threshold.

    The statistics are those of training images, half of them changed by the recipe's policy, so that the score
    answers to what is shown rather than to stain and focus. One half of the validation images sets scale and
    threshold; the shares flagged are measured on the other.

    Args:
        network: trained, in evaluation mode, on the CPU.
        recipe: its policy of augmentation and its seed.
        train: images uint8 (n, size, size, 3) and class numbers int (n,).
        val: images uint8 (m, size, size, 3) of known cells that the network was not trained on.
        pictures: some training pictures before framing, uint8 (h, w, 3) each.

    Returns:
        The score, a function of `Levels`, and the part ``unknown`` of the model card.
    """
    rng = np.random.default_rng(recipe.seed)
    levels = Levels(network).eval()
    images, targets = train
    chosen = rng.permutation(len(images))[:CELLS]
    known = levels_of(levels, images[chosen])
    changed = levels_of(levels, images[chosen[:CHANGED]], recipe.augment, recipe.seed)
    count = min(STRANGERS, STRANGERS * len(chosen) // CELLS + 9)
    foreign = levels_of(levels, strangers(pictures, count, recipe.input_size, recipe.seed))

    cells = np.concatenate([known, changed])
    numbers = np.concatenate([targets[chosen], targets[chosen[:CHANGED]]])
    score = fit_space(cells, numbers, np.arange(len(cells)) < len(known))
    fit_head(score, cells, foreign, recipe.seed)

    order = rng.permutation(len(val))
    setting, measuring = np.array_split(order, 2) if len(val) > 1 else (order, order)
    set_scale(score, levels_of(levels, val[setting]), levels_of(levels, val[setting], recipe.augment, recipe.seed + 1))
    plain = scores_of(score, levels_of(levels, val[measuring]))
    altered = scores_of(score, levels_of(levels, val[measuring], recipe.augment, recipe.seed + 2))
    card = {
        "threshold": 0.5,
        "rate": float((plain > 0.5).mean()),
        "rate_augmented": float((altered > 0.5).mean()),
        "images": len(measuring),
        "method": METHOD,
    }
    return score.eval(), card


def levels_of(levels: Levels, images: np.ndarray, policy: Policy | None = None, seed: int = 0) -> np.ndarray:
    """Features float32 (n, D) of images uint8 (n, size, size, 3), each changed by a policy if one is given."""
    always = policy.model_copy(update={"clean": 0.0}) if policy and not policy.changes_nothing else None
    generator = torch.Generator().manual_seed(seed)
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            batch = torch.from_numpy(images[start : start + 64]).permute(0, 3, 1, 2).float().div_(255)
            found.append(levels.levels(augment(batch, always, generator) if always else batch).numpy())
    return np.concatenate(found)


def scores_of(score: UnknownScore, features: np.ndarray) -> np.ndarray:
    """The score, float32 (n,), of features float32 (n, D)."""
    with torch.inference_mode():
        return score(torch.from_numpy(features)).numpy()


def set_scale(score: UnknownScore, plain: np.ndarray, altered: np.ndarray) -> None:
    """Set centre, spread and threshold by known cells, as they are and augmented, float32 (n, D) each."""
    with torch.inference_mode():
        parts = score.parts(torch.from_numpy(np.concatenate([plain, altered])))
        middle = parts.median(0).values
        score.centre.copy_(middle)
        score.spread.copy_((torch.quantile(parts, 0.95, dim=0) - middle).clamp_min(1e-6))
        limits: list[Tensor] = [
            torch.quantile(score.total(torch.from_numpy(features)), 1 - rate)
            for features, rate in ((plain, KNOWN_RATE), (altered, CHANGED_RATE))
        ]
        score.threshold.copy_(torch.stack(limits).max())
