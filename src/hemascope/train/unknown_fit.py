"""The parts of the score of unknown objects, fitted to features."""

import numpy as np
import torch
from scipy import linalg
from sklearn.decomposition import PCA
from torch import nn
from torch.nn import functional as F

from hemascope.models.unknown import UnknownScore

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
