"""The other pictures beside those that are explained: augmented ones, and smears in other colours. Both need torch."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hemascope.explain.cases import Change

if TYPE_CHECKING:
    from hemascope.augment.policy import Policy


class Changes(NamedTuple):
    """What is done to pictures before they are explained once more.

    Attributes:
        augment: by a policy; None where nothing can or shall be augmented.
        policy: which, in words; "" likewise.
        recolour: to the smears' colours; None without torch.
    """

    augment: Change | None
    policy: str
    recolour: Change | None


def choose_changes(policy: str, model: str | Path, seed: int = 0) -> Changes:
    """Augmentation by the policy that is asked for, else by the Run's own, else by wide; and other colours.

    Without torch there are none, which is an error only where a policy was asked for.

    Args:
        policy: a named policy or a recipe; "" for none in particular.
        model: the Run or model file that is explained.
        seed: of the draws.

    Raises:
        HemascopeError: there is no such policy.
    """
    try:
        chosen, name = _policy(policy, Path(model))
    except ModuleNotFoundError:  # the extra `train` is not installed
        if policy:
            raise
        return Changes(None, "", None)
    change = None if chosen is None else (lambda images: augmented(images, chosen, seed))
    return Changes(change, name if change else "", lambda images: augmented(images, colours(), seed))


def colours() -> "Policy":
    """The colours of the policy wide: brightness, contrast, saturation, hue, channels, white point, gamma and stain."""
    from hemascope.augment.colour import AFFINE, DENSITY
    from hemascope.augment.policy import NAMED, Policy

    return Policy.model_validate({name: NAMED["wide"][name] for name in (*AFFINE, *DENSITY)})


def augmented(images: np.ndarray, policy: "Policy", seed: int = 0) -> np.ndarray:
    """Every image changed by the policy, its share of clean ones left out; the same seed draws the same.

    Args:
        images: uint8 (n, h, w, 3).
        policy: the strengths.
        seed: of the draws.

    Returns:
        uint8 (n, h, w, 3).
    """
    import torch

    from hemascope.augment.batch import augment

    generator = torch.Generator().manual_seed(seed)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255)
    changed = augment(batch, policy.model_copy(update={"clean": 0.0}), generator)
    return (255 * changed).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _policy(asked: str, model: Path) -> "tuple[Policy | None, str]":
    """A policy and its name; None where it changes nothing."""
    from hemascope.augment.policy import NAMED
    from hemascope.train.recipe_files import load_policy
    from hemascope.train.run import Run

    if not asked and (model / "run.json").is_file():
        policy = Run.open(model).recipe().augment
        if not policy.changes_nothing:
            return policy, "the Run's own policy"
    name = asked or "wide"
    policy = load_policy(name)
    return None if policy.changes_nothing else policy, f"policy {'' if name in NAMED else 'of '}{Path(name).name}"
