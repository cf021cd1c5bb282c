"""YAML as recipes and lists of recipes need it: values that are written out, in bounded time and memory."""

from pathlib import Path
from typing import Any

import yaml

from hemascope.errors import RecipeError

LARGEST, DEEPEST = 2**18, 32
"""Bytes of a file, a recipe of all keys has three thousand; and lists or keys inside each other."""


class _Loader(yaml.SafeLoader):
    """Refuses aliases: some hundred bytes of them, each naming the one before often, stand for gigabytes.

    And deep nesting, which takes PyYAML a time that grows with its square.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.YAMLError(f"*{event.anchor}: aliases are not read, write the value out{event.start_mark}")
        self.depth += 1
        if self.depth > DEEPEST:
            raise yaml.YAMLError(f"more than {DEEPEST} lists or keys inside each other")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def parse(text: str, origin: str) -> Any:
    """What a text stands for: dictionaries, lists and plain values.

    Args:
        text: YAML, without aliases.
        origin: what to call it in an error.

    Raises:
        RecipeError: it is not valid.

    >>> parse("epochs: 3", "recipe")
    {'epochs': 3}
    >>> parse("a: &a [1]\\nb: *a", "recipe")
    Traceback (most recent call last):
    ...
    hemascope.errors.RecipeError: recipe: not valid YAML (*a: aliases are not read, write the value out in ...
    """
    try:
        return _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, OverflowError) as problem:  # values of dates and numbers raise their own
        raise RecipeError(f"{origin}: not valid YAML ({' '.join(str(problem).split())[:300]})") from problem


def read(path: Path) -> Any:
    """What a file stands for, as `parse` has it.

    Raises:
        RecipeError: it cannot be read, or is not valid.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise RecipeError(f"{path}: has more than {LARGEST:,} bytes, which no recipe has")
        return parse(content.decode("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as problem:
        raise RecipeError(f"{path}: cannot be read ({problem})") from problem
