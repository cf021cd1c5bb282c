"""What is searched: a few grouped strengths, and the policy that they make."""

import math
from typing import Any

import numpy as np
from optuna.trial import Trial

from hemascope.augment.policy import CHANCES, FULL, Policy
from hemascope.augment.policy import GROUPS as ONE_OF

GROUPS: dict[str, tuple[str, ...]] = {
    "geometry": ("zoom", "shift", "shear", "elastic"),
    "colour": (
        "brightness", "contrast", "saturation", "hue", "channel_gain", "channel_shift", "white_point", "gamma",
    ),
    "stain": ("stain",),
    "degradations": CHANCES["degrade"],
    "occlusions": ONE_OF["occlusion"],
}  # fmt: skip
"""Operations that share one strength, 0 .. 1: each is used at this share of its full one, as in RandAugment."""

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(GROUPS, (0.0, 1.0)),
    "magnitude": (0.1, 1.0),
    "clean": (0.0, 0.6),
}
"""Range of every continuous strength."""

MOST_RAND = 3
NAMES = (*GROUPS, "rand", "magnitude", "clean")

# A cell has no right way up, so turns and mirror images are always in; the rest is as in the policy `wide`.
_FIXED = {"rotation": 180.0, "flip": 0.5, "fill": 0.3, "degrade": 0.3, "occlude": 0.3}


def suggest(trial: Trial) -> dict[str, float]:
    """Let the sampler choose a value of every name in `NAMES`."""
    return {
        name: trial.suggest_int(name, 0, MOST_RAND) if name == "rand" else trial.suggest_float(name, *RANGES[name])
        for name in NAMES
    }


def policy_of(values: dict[str, float]) -> Policy:
    """The policy of the strengths in ``values``, a number for every name in `NAMES`.

    >>> policy_of({**dict.fromkeys(NAMES, 0.0), "stain": 0.5, "magnitude": 0.5}).stain
    0.125
    """
    strengths = {
        name: _at(name, values[group]) for group, names in GROUPS.items() for name in names if values[group] > 0
    }
    rest = {"clean": round(values["clean"], 3), "rand": int(values["rand"]), "magnitude": round(values["magnitude"], 3)}
    return Policy.model_validate({**_FIXED, **strengths, **rest})


def nearest(policy: Policy) -> dict[str, Any]:
    """Where a policy that was not made by `policy_of` lies in the space, about: the mean share within each group."""
    shares = {group: float(np.mean([_share(policy, name) for name in names])) for group, names in GROUPS.items()}
    rest = {"magnitude": policy.magnitude, "clean": policy.clean}
    clipped = {name: float(np.clip(value, *RANGES[name])) for name, value in {**shares, **rest}.items()}
    return {**clipped, "rand": min(policy.rand, MOST_RAND)}


def _at(name: str, share: float) -> float:
    value = FULL[name] ** share if name == "zoom" else share * FULL[name]
    return float(f"{value:.3g}")


def _share(policy: Policy, name: str) -> float:
    strength = policy.strengths.get(name)
    if strength is None:
        return 0.0
    return math.log(strength) / math.log(FULL[name]) if name == "zoom" else strength / FULL[name]
