"""Runs one command: made from its module, its options known, wrong usage answered by a hint."""

import difflib
import importlib
import shlex
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hemascope.cli._former import FORMER, rewritten
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

    wrong_usage: Any = BadParameter.mro()[1]  # UsageError is typer's own or click's, by the version of typer
    try:
        code = command.main(_today(name, arguments), prog_name=f"hemascope {name}", standalone_mode=False)
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
    new = rewritten(former, arguments, valued) if former.option[1] in options else None
    if new is None:
        return arguments
    print(f"this is now spelt: {shlex.join(['hemascope', name, *new])}", file=sys.stderr)  # noqa: T201
    return new


def _no_option(name: str, switch: str, known: Iterable[str]) -> HemascopeError:
    close = difflib.get_close_matches(switch, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"hemascope {name} --help lists the options."
    return HemascopeError(f"hemascope {name} has no option {switch}", hint)
