"""Class balance: how often each class is drawn, or how much it weighs, by the number of its images."""

import numpy as np


def class_weights(counts: np.ndarray, strength: float) -> np.ndarray:
    """Weight of an image of each class, in proportion to ``counts ** -strength``, with mean 1 over all images.

    Drawing images by these weights gives class c the share n_c^(1 - strength) / sum_k n_k^(1 - strength): strength 0
    is instance-balanced sampling, 1/2 square-root sampling and 1 class-balanced sampling in Kang et al. 2020,
    "Decoupling Representation and Classifier for Long-Tailed Recognition" (their q is 1 - strength). As weights of
    the loss, strength 1 is weighting by inverse class frequency.

    Args:
        counts: images a class, int (k,); at least one is above 0.
        strength: in [0, 1].

    Returns:
        float64 (k,); 0 for a class without images.

    >>> class_weights(np.array([30, 10]), 1.0).round(3).tolist()
    [0.667, 2.0]
    """
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = counts[present].astype(float) ** -strength
    return np.asarray(weights * counts.sum() / (weights * counts).sum())


def draws_by_class(counts: np.ndarray, total: int, strength: float) -> np.ndarray:
    """How many of ``total`` draws go to each class: its share by `class_weights`, by the largest remainder.

    Args:
        counts: images a class, int (k,); at least one is above 0.
        total: draws in all.
        strength: in [0, 1].

    Returns:
        int64 (k,) that sums to ``total``; 0 for a class without images.

    >>> draws_by_class(np.array([30, 10]), 41, 1.0).tolist()
    [21, 20]
    """
    exact = class_weights(counts, strength) * counts * (total / counts.sum())
    # Rounded first: else 19.999999999 would lose a whole draw to a class with a like remainder.
    exact = exact.round(9)
    draws = np.floor(exact).astype(np.int64)
    first = np.argsort(draws - exact, kind="stable")[: total - draws.sum()]
    draws[first] += 1
    return draws


def draw(
    targets: np.ndarray, total: int, strength: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images so that the classes come in the numbers of `draws_by_class`, in random order.

    Within a class no image is drawn twice before every other was drawn once.

    Args:
        targets: class numbers int64 (n,).
        total: images to draw.
        strength: in [0, 1].
        generator: source of all randomness.

    Returns:
        Positions int64 (total,), and bool (total,): whether the draw is extra, of an image that was drawn already.
    """
    wanted = draws_by_class(np.bincount(targets), total, strength)
    positions, extra = [], []
    for number in np.flatnonzero(wanted):
        own = np.flatnonzero(targets == number)
        rounds, rest = divmod(int(wanted[number]), len(own))
        positions.append(np.concatenate([np.tile(own, rounds), generator.permutation(own)[:rest]]))
        extra.append(np.arange(len(positions[-1])) >= len(own))
    order = generator.permutation(total)
    return np.concatenate(positions)[order], np.concatenate(extra)[order]


def draw_by_weight(weights: np.ndarray, total: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw images in proportion to their weights, in random order.

    Systematic resampling: one random number decides all draws, and an image of the share p of the weights is drawn
    p * total times, rounded up or down; drawing each by itself would add chance to no end.

    Args:
        weights: of each image, float (n,), none below 0 and not all 0.
        total: images to draw.
        generator: source of all randomness.

    Returns:
        Positions int64 (total,), and bool (total,): whether the draw is extra, of an image that was drawn already.

    >>> draw_by_weight(np.array([0.5, 0.0, 0.25, 0.25]), 4, np.random.default_rng(0))[0].tolist()
    [3, 2, 0, 0]
    """
    ends = np.cumsum(weights)
    points = (np.arange(total) + generator.random()) / total * ends[-1]
    positions = np.minimum(np.searchsorted(ends, points, side="right"), len(weights) - 1)
    extra = np.diff(positions, prepend=-1) == 0
    order = generator.permutation(total)
    return positions[order], extra[order]


def draws_an_epoch(images: int, batch_size: int) -> int:
    """How many images an epoch draws, whatever the balance: as many full batches as the images make."""
    size = min(batch_size, images)
    return images // size * size
