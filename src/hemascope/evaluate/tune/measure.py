"""The winner of a search against the recipe's own values, on the same images."""

from dataclasses import dataclass

import numpy as np

from hemascope.evaluate.bootstrap import Score, hit_scores
from hemascope.models.network import Network, run_network
from hemascope.train.fit import Part


@dataclass(frozen=True)
class Measured:
    """Two networks on one part; each a score by name (accuracy, balanced_accuracy) with its 95% interval.

    Attributes:
        images: number of images.
        own: of the recipe's own values.
        chosen: of the winner.
        gain: of the winner over the recipe's own, paired by image.
    """

    images: int
    own: dict[str, Score]
    chosen: dict[str, Score]
    gain: dict[str, Score]


def measure(own: Network, chosen: Network, part: Part) -> Measured:
    """Score both networks on a part."""
    hits = [_hits(network, part) for network in (own, chosen)]
    scores = [hit_scores(part_hits, part.targets) for part_hits in (*hits, hits[1] - hits[0])]
    return Measured(len(part.targets), *scores)


def _hits(network: Network, part: Part) -> np.ndarray:
    return (run_network(network, part.images).argmax(axis=1) == part.targets).astype(np.float64)
