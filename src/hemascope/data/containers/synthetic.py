"""Drawings by seed and number, as if they were a file of images."""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.containers.member import split_member
from hemascope.errors import SourceError

SCHEME = "synthetic://"
"""Before the seed in the path of a drawing; its member is its number."""

_COUNT = 1600


class Asked(NamedTuple):
    """How many drawings, and their seed."""

    images: int
    seed: int

    @property
    def path(self) -> str:
        """What stands for the file that holds them."""
        return f"{SCHEME}{self.seed}"


def parse(source: str) -> Asked:
    """What ``synthetic``, ``synthetic:N`` or ``synthetic:N:SEED`` asks for.

    >>> parse("synthetic:64:3")
    Asked(images=64, seed=3)

    Raises:
        SourceError: N or SEED is no number, or N leaves a class without an image.
    """
    match = re.fullmatch(r"synthetic(?::(\d+))?(?::(\d+))?", source)
    count = int(match[1] or _COUNT) if match else 0
    if not match or count < len(BLOOD_CLASSES):
        raise SourceError(
            f"{source}: not synthetic, synthetic:N or synthetic:N:SEED with N of at least {len(BLOOD_CLASSES)}",
            "For example: synthetic:1600:0",
        )
    return Asked(count, int(match[2] or 0))


class Synthetic:
    """``synthetic://SEED``; members are the numbers of drawings."""

    def __init__(self, path: str) -> None:
        seed = path.removeprefix(SCHEME)
        if not re.fullmatch("[0-9]{1,18}", seed):
            raise SourceError(f"{path}: names no drawings", f"Write {SCHEME}SEED, with a number for the seed.")
        self._seed = int(seed)

    def job(self, member: str) -> Callable[[], np.ndarray]:
        """What draws one image, to be run in any thread."""
        from hemascope.data.smears import draw

        seed, (_, index) = self._seed, split_member(member, f"{SCHEME}{self._seed}")
        return lambda: draw(seed, index).image

    def close(self) -> None:
        """There is nothing to let go of."""
