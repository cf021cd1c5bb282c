"""The recipe's key ``search``: what `hemascope tune` may vary, and within what."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from hemascope.errors import did_you_mean

FIXED = {
    "name": "it changes no training",
    "start": "every trial starts from the same network",
    "input_size": "every trial sees the same images; --size sets it",
    "fractions": "every trial has the same parts",
    "folds": "every trial has the same parts",
    "boosting": "a trial trains one network",
    "no_test": "every trial has the same parts",
    "limit": "every trial sees the same images; --train-images sets it",
    "epochs": "trials of unequal length are not comparable by epoch; --epochs sets it",
    "early_stopping": "it says what a trial is scored by",
    "tta": "it changes no training",
    "tta_steps": "it changes no training",
    "seed": "the best seed is luck",
    "search": "a search holds no other",
}
"""Keys that a search must leave alone, and why."""


class Range(BaseModel):
    """Every number from ``low`` to ``high``, both included; whole ones where the recipe's key takes no others.

    >>> Range(low=1e-4, high=1e-2, log=True).ends
    (0.0001, 0.01)
    """

    model_config = ConfigDict(frozen=True)

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    log: bool = Field(False, description="even in the logarithm")
    step: float | None = Field(None, gt=0, description="only low, low + step, ...")

    @property
    def ends(self) -> tuple[float, float]:
        """The two values to check."""
        return self.low, self.high

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            raise ValueError("give {low: .., high: ..} with log or step, or a list of choices")
        for key in values:
            if key not in cls.model_fields:
                valid = list(cls.model_fields)
                raise ValueError(
                    f"unknown key {key!r} of a range (valid: {', '.join(valid)}){did_you_mean(key, valid)}"
                )
        return values

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low >= self.high:
            raise ValueError("low must be less than high")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log wants a low above 0 and goes without step")
        return self


Choice = bool | int | float | str | None
Choices = Annotated[tuple[Choice, ...], Field(min_length=2)]


def _kind(value: Any) -> Literal["choices", "range"]:
    return "choices" if isinstance(value, (list, tuple)) else "range"


def _flat(values: Any, above: str = "") -> Any:
    """Keys below keys (``{head: {dropout: ..}}``, as ``--set search.head.dropout.low=0`` makes them) as dotted ones."""
    if not isinstance(values, dict):
        return values
    flat: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, dict) and value and not any(key in Range.model_fields for key in value)
        flat |= _flat(value, f"{above}{name}.") if nested else {f"{above}{name}": value}
    return flat


Search = Annotated[
    dict[str, Annotated[Annotated[Range, Tag("range")] | Annotated[Choices, Tag("choices")], Discriminator(_kind)]],
    BeforeValidator(_flat),
]
"""A range or a list of choices for each dotted key of the recipe."""

DEFAULT: dict[str, Range | tuple[Choice, ...]] = {
    "optimizer.name": ("nadam", "adamw", "sgd"),
    "optimizer.learning_rate": Range(low=1e-4, high=1e-2, log=True),
    "optimizer.weight_decay": Range(low=1e-4, high=0.3, log=True),
    "head.dropout": Range(low=0, high=0.5),
    "label_smoothing": Range(low=0, high=0.2),
}
"""What is searched where the recipe names nothing."""


def keys_of(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The dotted names of all keys of a recipe's class, those of its parts included."""
    for name, field in model.model_fields.items():
        yield f"{above}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation, f"{above}{name}.")


def check_keys(model: type[BaseModel], search: Search) -> None:
    """Raise a ValueError for a key that is none of the recipe, that a search must leave alone, or is within another."""
    valid = list(keys_of(model))
    for key in search:
        if key not in valid:
            raise ValueError(f"search: {key!r} is no key of a recipe.{did_you_mean(key, valid)}")
        for fixed, reason in FIXED.items():
            if key == fixed or key.startswith(f"{fixed}."):
                raise ValueError(f"search: {key} cannot be searched: {reason}")
        within = [other for other in search if other.startswith(f"{key}.")]
        if within:
            raise ValueError(f"search: {within[0]} lies within {key}; search one of the two")
