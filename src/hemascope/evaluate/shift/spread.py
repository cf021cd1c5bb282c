"""How far the suite's scores would move with other images: 95% bootstrap intervals."""

from collections.abc import Mapping

import numpy as np

from hemascope.evaluate.bootstrap import Score, interval, resampled

Spread = dict[str, dict[str, Score]]
"""Group of settings -> ``accuracy`` and ``balanced_accuracy`` -> mean over its settings, with the interval."""


def spread(hits: np.ndarray, targets: np.ndarray, groups: Mapping[str, np.ndarray], seed: int = 0) -> Spread:
    """Mean scores of groups of settings with their intervals.

    All settings of one resample are measured on the same images, so that the interval of a mean over settings is right
    although their errors go together.

    Args:
        hits: bool (n, s), whether image i was named rightly in setting j.
        targets: true class numbers int (n,).
        groups: name -> bool (s,), its settings, at least one.
        seed: of the resamples.

    >>> right = np.array([[True, True], [True, False]])
    >>> spread(right, np.array([0, 1]), {"all": np.array([True, True])})["all"]["accuracy"].value
    0.75
    """
    classes = np.eye(int(targets.max()) + 1)[targets]
    members = np.stack([own / own.sum() for own in groups.values()], axis=1)  # (s, groups)
    shares = hits @ members  # (n, groups): a score of a group is the mean of these, as each setting's is of hits

    def measure(draws: np.ndarray) -> dict[str, np.ndarray]:
        support = draws @ classes
        present = support > 0
        found = np.stack([draws @ (classes[:, [k]] * shares) for k in range(classes.shape[1])], axis=1)
        recall = found / np.maximum(support, 1)[:, :, None]
        return {
            "accuracy": draws @ shares / len(hits),
            "balanced_accuracy": recall.sum(axis=1) / present.sum(axis=1, keepdims=True),
        }

    whole = measure(np.ones((1, len(hits))))
    drawn = resampled(len(hits), measure, seed=seed)
    return {
        name: {key: interval(float(whole[key][0, j]), drawn[key][:, j]) for key in whole}
        for j, name in enumerate(groups)
    }
