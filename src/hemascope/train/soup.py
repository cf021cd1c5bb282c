"""Model soups: one network with the mean of several trainings' weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Soup:
    """What `greedy_soup` chose.

    Attributes:
        taken: positions of the ingredients that are in it, best first.
        alone: accuracy of every ingredient, in the order given.
        accuracy: of the soup.
    """

    taken: tuple[int, ...]
    alone: tuple[float, ...]
    accuracy: float


def greedy_soup(states: Sequence[State], accuracy: Callable[[State], float]) -> Soup:
    """Which trainings to average: each is taken if the soup does not get worse by it, the best first.

    Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
    increasing inference time". The trainings should have started from the same weights; of others the mean is
    worthless, and none is taken beside the best.

    Args:
        states: state dicts of one architecture, at least one.
        accuracy: of the network with such a state, on images that none was trained on, in [0, 1].

    >>> soup = greedy_soup([{"w": torch.tensor(x)} for x in (1.0, 4.0, 9.0)],
    ...                    accuracy=lambda state: 1 - abs(float(state["w"]) - 3) / 10)
    >>> soup.taken, soup.alone, soup.accuracy  # (4 + 1) / 2 is nearer to 3 than 4 is; with 9 it is not
    ((1, 0), (0.8, 0.9, 0.4), 0.95)
    """
    alone = [accuracy(state) for state in states]
    first, *others = sorted(range(len(states)), key=lambda i: -alone[i])
    taken, best = [first], alone[first]
    for i in others:
        found = accuracy(mean_state([states[j] for j in (*taken, i)]))
        if found >= best:
            taken, best = [*taken, i], found
    return Soup(tuple(taken), tuple(alone), best)


def mean_state(states: Sequence[State]) -> State:
    """The mean of state dicts of one architecture; what is no floating-point number is the first's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
