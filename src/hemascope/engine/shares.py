"""How much of a cluster each of several equal tasks gets."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from hemascope.errors import EngineError


class Machine(NamedTuple):
    """What a machine of a cluster has."""

    cores: float
    gpus: float = 0.0


class Share(NamedTuple):
    """What a task gets, and how many such tasks run at once."""

    cores: int
    gpus: float
    slots: int


def share(machines: Sequence[Machine], many: int, cores: int | None = None, gpus: float | None = None) -> Share:
    """The share of each task: what is asked for, else a GPU where there is one, and as many cores as leave none idle.

    Args:
        machines: of the cluster.
        many: tasks.
        cores: of each; None: the most with which as many run at once as with one core.
        gpus: of each, 0.5 for two on one; None: one where a machine has one.

    Raises:
        EngineError: no machine has so much.

    >>> share([Machine(16, 4), Machine(16, 4)], many=20)
    Share(cores=4, gpus=1.0, slots=8)
    >>> share([Machine(8), Machine(4)], many=5)
    Share(cores=2, gpus=0.0, slots=6)
    """
    each = gpus if gpus is not None else float(any(machine.gpus >= 1 for machine in machines))
    wanted = min(max(many, 1), _slots(machines, 1, each))
    if cores is None:
        most = max((int(machine.cores) for machine in machines), default=0)
        cores = next((n for n in range(most, 0, -1) if wanted and _slots(machines, n, each) >= wanted), 1)
    slots = _slots(machines, cores, each)
    if not slots:
        asked = f"{cores} core{'s' * (cores != 1)}" + (f" and {each:g} GPU{'s' * (each != 1)}" if each else "")
        raise EngineError(
            f"no machine of the cluster has {asked} for a task (they have: {_words(machines)})",
            "Ask for less with --cores-each or --gpus-each, or add machines.",
        )
    return Share(cores, float(each), slots)


def _slots(machines: Sequence[Machine], cores: int, gpus: float) -> int:
    return sum(
        min(int(machine.cores // cores), math.floor(machine.gpus / gpus + 1e-9) if gpus else int(machine.cores))
        for machine in machines
    )


def _words(machines: Sequence[Machine]) -> str:
    return "; ".join(f"{machine.cores:g} cores, {machine.gpus:g} GPUs" for machine in machines) or "none"
