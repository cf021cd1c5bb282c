"""What a search varies: optuna's distributions out of the recipe's own, and the recipe of each draw."""

import itertools
import types
import typing
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial
from pydantic import BaseModel, ValidationError

from hemascope.errors import RecipeError
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import explain
from hemascope.train.search import DEFAULT, Choice, Range

_MOST_COMBINATIONS = 2000


class Space:
    """The values that a search may try.

    >>> space = Space(Recipe(search={"head.dropout": {"low": 0, "high": 0.5}, "optimizer.name": ["nadam", "sgd"]}))
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
        self.distributions = {key: _distribution(key, part) for key, part in self.parts.items()}
        self._check()

    @property
    def names(self) -> tuple[str, ...]:
        """The searched keys."""
        return tuple(self.parts)

    @property
    def own(self) -> dict[str, Choice]:
        """The recipe's own values, which need not lie within what is searched."""
        dumped = self.recipe.model_dump(mode="json")
        return {key: _get(dumped, key) for key in self.parts}

    @property
    def nearest(self) -> dict[str, Choice]:
        """For each key the searched value nearest to the recipe's own; of choices the first where it is none."""
        return {key: _nearest(self.distributions[key], value) for key, value in self.own.items()}

    def suggest(self, trial: Trial) -> dict[str, Choice]:
        """Let optuna choose a value of every key."""
        return {key: self._suggest(trial, key) for key in self.parts}

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

    def _suggest(self, trial: Trial, key: str) -> Choice:
        match self.distributions[key]:
            case FloatDistribution(low=low, high=high, log=log, step=step):
                return trial.suggest_float(key, low, high, log=log, step=step)
            case IntDistribution(low=low, high=high, log=log, step=step):
                return trial.suggest_int(key, low, high, log=log, step=step)
            case CategoricalDistribution(choices=choices):
                chosen: Choice = trial.suggest_categorical(key, choices)
                return chosen
        raise AssertionError(key)

    def _check(self) -> None:
        ends = {key: part.ends if isinstance(part, Range) else part for key, part in self.parts.items()}
        for key, values in ends.items():
            for value in values:
                self.recipe_of({key: self._typed(key, value)})
        for combination in itertools.islice(itertools.product(*ends.values()), _MOST_COMBINATIONS):
            self.recipe_of({key: self._typed(key, value) for key, value in zip(ends, combination, strict=True)})

    def _typed(self, key: str, value: Choice) -> Choice:
        return int(value) if isinstance(self.distributions[key], IntDistribution) and value is not None else value


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


def _get(values: Mapping[str, Any], key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values if not isinstance(values, Mapping) else None


def _set(values: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        values = values[parent]
    values[last] = value
