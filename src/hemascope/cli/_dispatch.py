"""Runs one command: made from its module, its options known, wrong usage answered by a hint."""

import difflib
import importlib
import inspect
import shlex
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hemascope.cli._former import FORMER, rewritten, split
from hemascope.cli._misplaced import check_words, taken_for
from hemascope.errors import HemascopeError

if TYPE_CHECKING:
    from typer.core import TyperCommand


def run_command(name: str, arguments: Sequence[str]) -> int:
    """Run a command; gives the exit code.

    Raises:
        HemascopeError: wrong usage, or what the command itself raises.
    """
    module = _module(name)
    if not hasattr(module, "run"):
        return _run_typer(_command(module, name), name, list(arguments))
    known = options_of(name)
    for argument in arguments if known else ():
        switch = argument.partition("=")[0]
        if argument == "--":
            break
        if switch.startswith("--") and switch not in known:
            raise _no_option(name, switch, known)
    _check_words(name, arguments)
    code: int = module.run(list(arguments))
    return code


def options_of(name: str) -> dict[str, bool]:
    """The options of a command: ``--output``, ``-o`` and so on -> whether a value follows."""
    module = _module(name)
    if hasattr(module, "run"):
        actions = module.parser()._actions if hasattr(module, "parser") else []
        return {switch: action.nargs != 0 for action in actions for switch in action.option_strings}
    command = _command(module, name)
    return {
        switch: not getattr(parameter, "is_flag", False)
        for parameter in command.get_params(command.make_context(name, [], resilient_parsing=True))
        if parameter.param_type_name == "option"
        for switch in (*parameter.opts, *parameter.secondary_opts)
    }


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"hemascope.cli.{name.replace('-', '_')}")


def _command(module: ModuleType, name: str) -> "TyperCommand":
    import typer

    from hemascope.cli._help import Command

    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command(cls=Command)(getattr(module, name.replace("-", "_")))
    return typer.main.get_command(app)  # type: ignore[return-value]


def _run_typer(command: "TyperCommand", name: str, arguments: list[str]) -> int:
    from typer import BadParameter

    arguments = _today(name, arguments)
    _check_words(name, arguments)
    wrong_usage: Any = BadParameter.mro()[1]  # UsageError is typer's own or click's, by the version of typer
    try:
        code = command.main(arguments, prog_name=f"hemascope {name}", standalone_mode=False)
    except wrong_usage as problem:
        switch = getattr(problem, "option_name", "")
        if hasattr(problem, "possibilities"):
            raise _no_option(name, switch, options_of(name)) from problem
        message = " ".join(problem.format_message().split())
        raise HemascopeError(message, f"hemascope {name} --help says more.") from problem
    return code if isinstance(code, int) else 0


def _today(name: str, arguments: list[str]) -> list[str]:
    """The arguments as the command is spelt today; says so where they were not."""
    former = FORMER.get(name)
    if former is None:
        return arguments
    options = options_of(name)
    valued = [option for option, value in options.items() if value]
    first, *others = [*split(arguments, valued)[0], ""]
    if any(map(taken_for, others)) and not taken_for(first):  # today's order, without the option
        return arguments
    new = rewritten(former, arguments, valued) if former.option[1] in options else None
    if new is None:
        return arguments
    print(f"this is now spelt: {shlex.join(['hemascope', name, *new])}", file=sys.stderr)  # noqa: T201
    return new


def _check_words(name: str, arguments: Sequence[str]) -> None:
    """Refuse a model or a recipe in the place of images, before anything is read."""
    options = options_of(name)
    if _takes_images(name) and "--" not in arguments:
        words, given = split(arguments, [option for option, value in options.items() if value])
        if all(part[0].partition("=")[0] in options for part in given if part[0].startswith("--")):
            check_words(name, words, options)  # a mistyped option comes first: its value looks like a word


def _takes_images(name: str) -> bool:
    module = _module(name)
    if hasattr(module, "run"):
        return name == "predict"
    return "source" in inspect.signature(getattr(module, name.replace("-", "_"))).parameters


def _no_option(name: str, switch: str, known: Iterable[str]) -> HemascopeError:
    known = list(known)
    close = difflib.get_close_matches(switch, known, n=1)
    if not close and "--set" in known and (key := _recipe_key(switch)):
        return HemascopeError(f"hemascope {name} has no option {switch}", f"Did you mean --set {key}=VALUE?")
    hint = f"Did you mean {close[0]}?" if close else f"hemascope {name} --help lists the options."
    return HemascopeError(f"hemascope {name} has no option {switch}", hint)


def _recipe_key(switch: str) -> str | None:
    """The recipe's key that an option is named like: ``--batch-size`` is ``batch_size``; None where there is none."""
    from hemascope.train.recipe_files import load_recipe

    keys = {key.rpartition(".")[2]: key for key in _keys(load_recipe("standard").model_dump())}
    close = difflib.get_close_matches(switch.lstrip("-").replace("-", "_"), keys, n=1, cutoff=0.8)
    return keys[close[0]] if close else None


def _keys(values: dict[str, Any], head: str = "") -> list[str]:
    """Keys with dots; the outermost last, so that it wins over one of the same name further in."""
    inner = [key for name, part in values.items() if isinstance(part, dict) for key in _keys(part, f"{head}{name}.")]
    return [*inner, *(f"{head}{name}" for name, part in values.items() if not isinstance(part, dict))]
