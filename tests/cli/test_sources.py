"""What a source is, is said in the same words by every command."""

import importlib
import typing

import pytest

from hemascope.cli import predict
from hemascope.data.kinds import ANY, LABELLED


@pytest.mark.parametrize(
    ("command", "text"),
    [
        *((name, LABELLED) for name in ("audit", "bench", "evaluate", "train", "tune", "tune_augment")),
        *((name, ANY) for name in ("augment", "explain")),
    ],
)
def test_the_help_says_what_a_source_is(command: str, text: str) -> None:
    function = getattr(importlib.import_module(f"hemascope.cli.{command}"), command)
    (option,) = typing.get_type_hints(function, include_extras=True)["source"].__metadata__
    assert option.help.startswith(text)


def test_predicts_help_says_it_too() -> None:
    assert ANY in " ".join(predict.parser().format_help().split())
