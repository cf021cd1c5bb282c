"""Fitting the score of unknown objects to a trained network: minutes of work after the training, no foreign data."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy import linalg
from sklearn.decomposition import PCA
from torch import Tensor, nn
from torch.nn import functional as F

from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.data.foreign import corner, damaged, drawing, empty_field, overlay, texture, writing
from hemascope.data.framing import frame
from hemascope.models.network import Network
from hemascope.models.unknown import Levels, UnknownScore
from hemascope.progress import SILENT, Progress
from hemascope.train.recipe import Recipe

DIMENSIONS = 64
"""Linear combinations of the features that all parts see."""

_SHRINKAGE = 0.01  # of the covariances towards a multiple of the unit matrix
_EPOCHS, _BATCH = 12, 128


def fit_space(
    features: np.ndarray, targets: np.ndarray, plain: np.ndarray | None = None, dimensions: int = DIMENSIONS
) -> UnknownScore:
    """The linear combinations and the distances of known cells; the head is still random.

    Principal components of the standardised features, then the basis in which the covariance within classes is 1 and
    that of all cells diagonal (Fisher's discriminants and what is left).

    Args:
        features: float (n, D) of known cells.
        targets: class numbers, int (n,).
        plain: bool (n,), cells that are not augmented; all where not given.
        dimensions: d; less where n or D is.
    """
    mean, scale = features.mean(0), features.std(0) + 1e-3
    standard = (features - mean) / scale
    d = min(dimensions, *features.shape)
    components = PCA(d, svd_solver="randomized", random_state=0).fit(standard).components_.astype(np.float64)
    z = standard @ components.T
    means, within = _within(z, targets)
    variance, basis = linalg.eigh(_covariance(z), within)  # basis.T within basis = 1, basis.T total basis = diagonal
    seen = slice(None) if plain is None else plain
    plain_means, plain_within = _within((z @ basis)[seen], targets[seen])
    whiten = np.linalg.inv(np.linalg.cholesky(plain_within))
    score = UnknownScore(features.shape[1], d, len(means))
    score.register_buffer("plain_mean", torch.from_numpy(plain_means @ whiten.T).float())
    project = (basis.T @ components) / scale
    with torch.no_grad():
        score.project.weight.copy_(torch.from_numpy(project))
        score.project.bias.copy_(torch.from_numpy(-project @ mean))
        score.mean.copy_(torch.from_numpy(means @ basis))
        score.variance.copy_(torch.from_numpy(variance))
        score.plain.weight.copy_(torch.from_numpy(whiten))
    return score


def fit_head(score: UnknownScore, known: np.ndarray, foreign: np.ndarray, seed: int = 0) -> None:
    """Teach the head to tell known cells (n, D) from pictures of no cell (m, D), both counting the same."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        z = score.project(torch.from_numpy(np.concatenate([known, foreign]))) * score.variance.rsqrt()
        for layer in score.head:
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=layer.in_features**-0.5, generator=generator)
                nn.init.zeros_(layer.bias)
    targets = torch.zeros(len(z))
    targets[len(known) :] = 1
    weight = torch.where(targets > 0, len(z) / (2 * len(foreign)), len(z) / (2 * len(known)))
    optimizer = torch.optim.AdamW(score.head.parameters(), 2e-3, weight_decay=0.05)
    for _ in range(_EPOCHS):
        for rows in torch.randperm(len(z), generator=generator).split(_BATCH):
            loss = F.binary_cross_entropy_with_logits(score.head(z[rows])[:, 0], targets[rows], weight[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _within(values: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class means (k, d) and the covariance within classes (d, d)."""
    classes, places = np.unique(targets, return_inverse=True)
    means = np.stack([values[places == c].mean(0) for c in range(len(classes))])
    return means, _covariance(values - means[places])


def _covariance(values: np.ndarray) -> np.ndarray:
    covariance = values.T @ values / len(values)
    share = max(_SHRINKAGE * np.trace(covariance) / len(covariance), 1e-6)
    return covariance + share * np.eye(len(covariance))


def strangers(pictures: Sequence[np.ndarray], count: int, size: int, seed: int) -> np.ndarray:
    """Made pictures of which none shows a whole cell in its middle.

    A third are corners of the training pictures, enlarged: ground and red cells. The others are blank fields,
    drawings, text, textures, such things laid over cells, and cells damaged beyond use.

    Args:
        pictures: training pictures before framing, uint8 (h, w, 3) each, with the cell in the middle.
        count: how many to make.
        size: side of the result in pixels.
        seed: the same seed makes the same pictures.

    Returns:
        uint8 (count, size, size, 3).
    """
    rng = np.random.default_rng(seed)

    def picture() -> np.ndarray:
        return pictures[int(rng.integers(len(pictures)))]

    def cell() -> np.ndarray:
        return frame(picture(), size)

    def something() -> np.ndarray:
        return (drawing, writing, texture)[int(rng.integers(3))](rng, size)

    kinds: tuple[Callable[[], np.ndarray], ...] = (
        lambda: corner(picture(), rng, size),
        lambda: corner(picture(), rng, size),
        lambda: corner(picture(), rng, size),
        lambda: empty_field(rng, size),
        lambda: drawing(rng, size),
        lambda: texture(rng, size),
        lambda: writing(rng, size),
        lambda: overlay(cell(), something(), rng),
        lambda: damaged(cell(), rng),
    )
    return np.stack([kinds[i % len(kinds)]() for i in range(count)])


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
    *,
    progress: Progress = SILENT,
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
        progress: what it reports to.

    Returns:
        The score, a function of `Levels`, and the part ``unknown`` of the model card.
    """
    progress.step("learning what none of the classes looks like", looked_at(len(train[0]), len(val)))
    rng = np.random.default_rng(recipe.seed)
    look = _Look(Levels(network).eval(), progress)
    images, targets = train
    chosen = rng.permutation(len(images))[:CELLS]
    known = look(images[chosen])
    changed = look(images[chosen[:CHANGED]], recipe.augment, recipe.seed)
    foreign = look(strangers(pictures, _strangers_of(len(chosen)), recipe.input_size, recipe.seed))

    cells = np.concatenate([known, changed])
    numbers = np.concatenate([targets[chosen], targets[chosen[:CHANGED]]])
    score = fit_space(cells, numbers, np.arange(len(cells)) < len(known))
    fit_head(score, cells, foreign, recipe.seed)

    order = rng.permutation(len(val))
    setting, measuring = np.array_split(order, 2) if len(val) > 1 else (order, order)
    set_scale(score, look(val[setting]), look(val[setting], recipe.augment, recipe.seed + 1))
    plain = scores_of(score, look(val[measuring]))
    altered = scores_of(score, look(val[measuring], recipe.augment, recipe.seed + 2))
    card = {
        "threshold": 0.5,
        "rate": float((plain > 0.5).mean()),
        "rate_augmented": float((altered > 0.5).mean()),
        "images": len(measuring),
        "method": METHOD,
    }
    return score.eval(), card


def looked_at(train: int, val: int) -> int:
    """How many images the network sees while the score is fitted, of so many training and validation images."""
    known = min(train, CELLS)
    return known + min(train, CHANGED) + _strangers_of(known) + 2 * max(val, 2)  # a single one is looked at twice


def _strangers_of(known: int) -> int:
    return min(STRANGERS, STRANGERS * known // CELLS + 9)


class _Look:
    """`levels_of` one network, each call counted on from the one before."""

    def __init__(self, levels: Levels, progress: Progress) -> None:
        self.levels, self.progress, self.seen = levels, progress, 0

    def __call__(self, images: np.ndarray, policy: Policy | None = None, seed: int = 0) -> np.ndarray:
        before, self.seen = self.seen, self.seen + len(images)
        return levels_of(self.levels, images, policy, seed, told=lambda count: self.progress.done(before + count))


def levels_of(
    levels: Levels,
    images: np.ndarray,
    policy: Policy | None = None,
    seed: int = 0,
    *,
    told: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Features float32 (n, D) of images uint8 (n, size, size, 3), each changed by a policy if one is given.

    Args:
        levels: of the network.
        images: to look at.
        policy: changes each of them.
        seed: of the changes.
        told: hears how many are done.
    """
    always = policy.model_copy(update={"clean": 0.0}) if policy and not policy.changes_nothing else None
    generator = torch.Generator().manual_seed(seed)
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            batch = torch.from_numpy(images[start : start + 64]).permute(0, 3, 1, 2).float().div_(255)
            found.append(levels.levels(augment(batch, always, generator) if always else batch).numpy())
            if told:
                told(start + len(batch))
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
