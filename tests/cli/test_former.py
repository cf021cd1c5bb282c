import sys
import types

import pytest

from hemascope import cli
from hemascope.cli._former import FORMER, rewritten, split

VALUED = {"-m", "--model", "-r", "--recipe", "-o", "--output", "--set", "-s", "--seed"}


@pytest.mark.parametrize(
    ("command", "before", "today"),
    [
        ("evaluate", "run cells/", "cells/ -m run"),
        ("evaluate", "-o out run --shift cells/", "cells/ -m run -o out --shift"),
        ("evaluate", "run cells/ --output=out", "cells/ -m run --output=out"),
        ("explain", "run cells/ -o out --seed 3", "cells/ -m run -o out --seed 3"),
        ("tune", "standard cells/ -s epochs=2 -o out", "cells/ -r standard -s epochs=2 -o out"),
        ("bench", "rows.yaml --source cells/ -o out", "cells/ -r rows.yaml -o out"),
        ("bench", "rows.yml --source=cells/", "cells/ -r rows.yml"),
        ("bench", "rows.yaml", "-r rows.yaml"),
    ],
)
def test_the_spelling_of_before(command, before, today):
    assert rewritten(FORMER[command], before.split(), VALUED) == today.split()


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("evaluate", "cells/"),  # today's, by the shipped model
        ("evaluate", "run"),  # could be either; today's answers that it is no source
        ("evaluate", "cells/ -m run"),
        ("evaluate", "cells/ --model=run"),
        ("evaluate", "cells/ -mrun"),
        ("evaluate", "cells/ more/ -m run"),  # wrong in both
        ("evaluate", "a b c"),
        ("evaluate", "-- run cells/"),
        ("evaluate", "--help"),
        ("tune", "cells/ -r standard"),
        ("tune", "cells/ -o standard"),
        ("bench", "cells/ -r rows.yaml"),
        ("bench", "cells/"),
        ("bench", "rows.yaml more.yaml"),
        ("bench", ""),
    ],
)
def test_what_is_spelt_as_today_or_wrong_in_both_is_left_alone(command, arguments):
    assert rewritten(FORMER[command], arguments.split(), VALUED) is None


def test_words_and_options_are_told_apart():
    assert split(["a", "-", "-o", "-x", "--flag", "b", "-o"], {"-o"}) == (
        ["a", "-", "b"],
        [["-o", "-x"], ["--flag"], ["-o"]],
    )


@pytest.fixture
def evaluate(monkeypatch):
    """Makes `hemascope evaluate` a command that says what it is given."""

    def make(function):
        module = types.ModuleType("hemascope.cli.evaluate")
        module.evaluate = function
        monkeypatch.setitem(sys.modules, "hemascope.cli.evaluate", module)

    return make


def exit_code(*arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return end.value.code


def test_the_command_runs_and_says_the_new_spelling(evaluate, capsys):
    import typer

    def today(source: str, model: str = typer.Option("robust", "--model", "-m"), shift: bool = False) -> None:
        sys.stdout.write(f"{source} {model} {shift}\n")

    evaluate(today)
    assert exit_code("evaluate", "my run", "--shift", "cells/") == 0
    said = capsys.readouterr()
    assert said.out == "cells/ my run True\n"
    assert said.err == "this is now spelt: hemascope evaluate cells/ -m 'my run' --shift\n"
    assert exit_code("evaluate", "cells/", "-m", "run") == 0
    assert capsys.readouterr() == ("cells/ run False\n", "")
