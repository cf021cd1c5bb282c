"""What makes the copies: augmentation policies and the shift suite's corruptions, each seeded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch

from hemascope.augment.batch import augment
from hemascope.augment.draw import RANDOM_OPERATIONS
from hemascope.augment.policy import FULL, OFF, Policy
from hemascope.errors import HemascopeError
from hemascope.evaluate.shift.corruption import SEVERITIES, Corruption
from hemascope.evaluate.shift.registry import FURTHER, MEDMNIST_C, RANDOM
from hemascope.train.recipe_files import load_policy

SHIFT = "shift"
"""Names the shift suite's mixture, of a severity drawn anew for every image."""

DEFAULT = "wide,rand,shift"


@dataclass(frozen=True)
class Transform:
    """A named way to make a copy.

    Attributes:
        name: in tables.
        title: for readers.
        apply: images uint8 (n, s, s, 3) and a generator to new ones of the same shape and dtype.
        policy: the augmentation policy that it is, None for the shift suite.
    """

    name: str
    title: str
    apply: Callable[[np.ndarray, np.random.Generator], np.ndarray]
    policy: Policy | None = None

    def __call__(self, images: np.ndarray, *, seed: int, copy: int = 0, place: int = 0) -> np.ndarray:
        """Make a copy of every image; the same seed, copy and place always give the same pixels.

        Args:
            images: uint8 (n, s, s, 3); they are not changed.
            seed: of the whole pseudo-validation.
            copy: number of the copy.
            place: of the first image among all.

        Returns:
            uint8 (n, s, s, 3).
        """
        return self.apply(images, np.random.default_rng([seed, crc32(self.name.encode()), copy, place]))


def choose_transforms(names: str = DEFAULT) -> tuple[Transform, ...]:
    """Transforms from a comma-separated list: named policies, recipes (their ``augment``) and ``shift``, each once.

    Of a policy every copy is transformed: its share of clean images is set to 0.

    Raises:
        HemascopeError: an unknown name, or a policy that changes nothing.

    >>> [transform.name for transform in choose_transforms("wide,shift")]
    ['wide', 'shift']
    """
    chosen: dict[str, Transform] = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name == SHIFT:
            chosen[name] = Transform(name, "Shift suite", _corrupt(RANDOM))
            continue
        policy = load_policy(name, also=(SHIFT,))
        if policy.model_copy(update={"clean": 0.0}).changes_nothing:
            raise HemascopeError(f"the policy {name!r} changes nothing", f"Choose another, such as: {DEFAULT}")
        chosen[name] = of_policy(name, f"Policy {name}", policy)
    if not chosen:
        raise HemascopeError("no policy is named", f"Name some, such as: {DEFAULT}")
    return tuple(chosen.values())


def of_policy(name: str, title: str, policy: Policy) -> Transform:
    """The transform of a policy whose share of clean images is left out."""
    policy = policy.model_copy(update={"clean": 0.0})

    def apply(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        own = torch.Generator().manual_seed(int(generator.integers(2**62)))
        batch = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
        changed = (255 * augment(batch, policy, own)).round().to(torch.uint8)
        return np.ascontiguousarray(changed.permute(0, 2, 3, 1).numpy())

    return Transform(name, title, apply, policy)


def single_operations(transforms: Sequence[Transform]) -> tuple[Transform, ...]:
    """Everything that the transforms are made of, alone.

    An operation of several policies is taken at the greatest strength that one of them gives it; one of RandAugment
    at its magnitude. The shift suite's corruptions keep their severity, drawn from 1 to 5.
    """
    strengths: dict[str, float] = {}
    for policy in (transform.policy for transform in transforms if transform.policy is not None):
        own = dict(policy.strengths)
        if policy.rand:
            own |= {name: max(own.get(name, 0.0), _share(name, policy.magnitude)) for name in RANDOM_OPERATIONS}
        for name, strength in own.items():
            strengths[name] = max(strengths.get(name, 0.0), strength)
    found = [
        of_policy(
            name, f"{name.replace('_', ' ').capitalize()} {strength:.3g}", Policy.model_validate({name: strength})
        )
        for name, strength in strengths.items()
        if strength != OFF[name]
    ]
    if any(transform.name == SHIFT for transform in transforms):
        found += [
            Transform(f"{SHIFT}:{part.name}", f"Shift suite: {part.title}", _corrupt(part))
            for part in (*MEDMNIST_C, *FURTHER)
        ]
    return tuple(found)


def _corrupt(corruption: Corruption) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    def apply(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return np.stack([corruption.apply(image, int(generator.choice(SEVERITIES)), generator) for image in images])

    return apply


def _share(name: str, magnitude: float) -> float:
    """An operation's strength at a share of its full one; a zoom's is its logarithm's."""
    return FULL[name] ** magnitude if name == "zoom" else magnitude * FULL[name]
