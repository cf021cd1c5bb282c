"""The values that a search may try: of keys of a recipe, or of strengths of an augmentation policy."""

import itertools
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial
from pydantic import BaseModel, ValidationError

from hemascope.augment.policy import CHANCES, FULL, Policy
from hemascope.augment.policy import GROUPS as ONE_OF
from hemascope.errors import RecipeError
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import explain
from hemascope.train.search import DEFAULT, Choice, Range

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

_MOST_COMBINATIONS = 2000

# A cell has no right way up, so turns and mirror images are always in; the rest is as in the policy `wide`.
_FIXED = {"rotation": 180.0, "flip": 0.5, "fill": 0.3, "degrade": 0.3, "occlude": 0.3}


class Space:
    """One of optuna's distributions for each name.

    >>> space = Space({"dropout": FloatDistribution(0.0, 0.5), "layers": IntDistribution(1, 3)})
    >>> space.nearest({"dropout": 0.7, "layers": 2})
    {'dropout': 0.5, 'layers': 2}
    """

    def __init__(self, distributions: Mapping[str, BaseDistribution]) -> None:
        self.distributions = dict(distributions)

    @property
    def names(self) -> tuple[str, ...]:
        """What is searched."""
        return tuple(self.distributions)

    def suggest(self, trial: Trial) -> dict[str, Choice]:
        """Let optuna choose a value of every name."""
        return {name: _suggest(trial, name, known) for name, known in self.distributions.items()}

    def nearest(self, values: Mapping[str, Any]) -> dict[str, Choice]:
        """For each name the value within the space that is nearest to the given one; of choices the first where it is
        none of them.
        """
        return {name: _nearest(known, values[name]) for name, known in self.distributions.items()}


class RecipeSpace(Space):
    """The values of a recipe's keys that a search may try.

    >>> search = {"head.dropout": {"low": 0, "high": 0.5}, "optimizer.name": ["nadam", "sgd"]}
    >>> space = RecipeSpace(Recipe(search=search))
    >>> space.recipe_of({"head.dropout": 0.25, "optimizer.name": "sgd"}).head.dropout
    0.25
    >>> space.own
    {'head.dropout': 0.0, 'optimizer.name': 'nadam'}

    Args:
        recipe: what is searched around; its ``search`` names the keys, else `hemascope.train.search.DEFAULT` does.

    Raises:
        RecipeError: a value, or a combination of values, that the recipe does not take.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe.model_copy(update={"search": {}})
        self.parts: dict[str, Range | tuple[Choice, ...]] = dict(recipe.search or DEFAULT)
        super().__init__({key: _distribution(key, part) for key, part in self.parts.items()})
        self._check()

    @property
    def own(self) -> dict[str, Choice]:
        """The recipe's own values, which need not lie within what is searched."""
        dumped = self.recipe.model_dump(mode="json")
        return {key: _get(dumped, key) for key in self.parts}

    def recipe_of(self, values: Mapping[str, Any]) -> Recipe:
        """The recipe with other values, checked as one that is read from a file.

        Raises:
            RecipeError: the recipe does not take them.
        """
        changed = self.recipe.model_dump()
        for key, value in values.items():
            _set(changed, key, value)
        try:
            return Recipe.model_validate(changed)
        except ValidationError as problem:
            tried = ", ".join(f"{key}={value}" for key, value in values.items())
            reason = "; ".join(explain(error) for error in problem.errors())
            raise RecipeError(f"search: the recipe does not take {tried} ({reason})", "Change its search.") from problem

    def _check(self) -> None:
        ends = {key: part.ends if isinstance(part, Range) else part for key, part in self.parts.items()}
        for key, values in ends.items():
            for value in values:
                self.recipe_of({key: self._typed(key, value)})
        for combination in itertools.islice(itertools.product(*ends.values()), _MOST_COMBINATIONS):
            self.recipe_of({key: self._typed(key, value) for key, value in zip(ends, combination, strict=True)})

    def _typed(self, key: str, value: Choice) -> Choice:
        return int(value) if isinstance(self.distributions[key], IntDistribution) and value is not None else value


class PolicySpace(Space):
    """A few grouped strengths of augmentation, and the policy that they make.

    >>> space = PolicySpace()
    >>> space.policy_of({**dict.fromkeys(space.names, 0.0), "stain": 0.5, "magnitude": 0.5}).stain
    0.125
    """

    def __init__(self) -> None:
        rest = {
            "rand": IntDistribution(0, 3),
            "magnitude": FloatDistribution(0.1, 1.0),
            "clean": FloatDistribution(0.0, 0.6),
        }
        super().__init__({**{name: FloatDistribution(0.0, 1.0) for name in GROUPS}, **rest})

    def policy_of(self, values: Mapping[str, Any]) -> Policy:
        """The policy of these strengths, a number for every name."""
        strengths = {
            name: _at(name, values[group]) for group, names in GROUPS.items() for name in names if values[group] > 0
        }
        rest = {name: round(values[name], 3) for name in ("clean", "magnitude")}
        return Policy.model_validate({**_FIXED, **strengths, **rest, "rand": int(values["rand"])})

    def place_of(self, policy: Policy) -> dict[str, Choice]:
        """Where a policy that need not be made by `policy_of` lies, about: the mean share within each group."""
        shares = {group: float(np.mean([_share(policy, name) for name in names])) for group, names in GROUPS.items()}
        return self.nearest({**shares, "rand": policy.rand, "magnitude": policy.magnitude, "clean": policy.clean})


def _suggest(trial: Trial, name: str, distribution: BaseDistribution) -> Choice:
    match distribution:
        case FloatDistribution(low=low, high=high, log=log, step=step):
            return trial.suggest_float(name, low, high, log=log, step=step)
        case IntDistribution(low=low, high=high, log=log, step=step):
            return trial.suggest_int(name, low, high, log=log, step=step)
        case CategoricalDistribution(choices=choices):
            chosen: Choice = trial.suggest_categorical(name, choices)
            return chosen
    raise AssertionError(name)


def _nearest(distribution: BaseDistribution, value: Any) -> Choice:
    if isinstance(distribution, CategoricalDistribution):
        return value if value in distribution.choices else distribution.choices[0]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if not isinstance(value, int | float):
        return distribution.low
    clipped = float(np.clip(value, distribution.low, distribution.high))
    if distribution.step is not None:
        clipped = distribution.low + round((clipped - distribution.low) / distribution.step) * distribution.step
        clipped = min(clipped, distribution.high)
    return int(clipped) if isinstance(distribution, IntDistribution) else clipped


def _distribution(key: str, part: Range | tuple[Choice, ...]) -> BaseDistribution:
    if not isinstance(part, Range):
        return CategoricalDistribution(part)
    kinds = _kinds(key)
    if float in kinds:
        return FloatDistribution(part.low, part.high, log=part.log, step=part.step)
    if int not in kinds:
        raise RecipeError(f"search: {key} is no number", "Give a list of choices instead of low and high.")
    whole = (part.low, part.high, part.step or 1.0)
    if any(number != int(number) for number in whole):
        raise RecipeError(f"search: {key} takes whole numbers", "Give whole low, high and step.")
    low, high, step = (int(number) for number in whole)
    return IntDistribution(low, high, log=part.log, step=step)


def _kinds(key: str) -> set[Any]:
    """The types that a key takes, those within unions and annotations too."""
    model: type[BaseModel] = Recipe
    *parents, last = key.split(".")
    for parent in parents:
        model = typing.cast(type[BaseModel], model.model_fields[parent].annotation)
    return set(_members(model.model_fields[last].annotation))


def _members(annotation: Any) -> list[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [member for argument in typing.get_args(annotation) for member in _members(argument)]
    return [annotation]


def _get(values: Mapping[str, Any], key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values if not isinstance(values, Mapping) else None


def _set(values: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        values = values[parent]
    values[last] = value


def _at(name: str, share: float) -> float:
    value = FULL[name] ** share if name == "zoom" else share * FULL[name]
    return float(f"{value:.3g}")


def _share(policy: Policy, name: str) -> float:
    strength = policy.strengths.get(name)
    if strength is None:
        return 0.0
    return math.log(strength) / math.log(FULL[name]) if name == "zoom" else strength / FULL[name]
