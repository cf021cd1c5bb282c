"""The page of the commands, from the signatures that typer and argparse read."""

import argparse
import importlib
import inspect
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo, OptionInfo

from hemascope.cli import commands

_HEAD = """\
# Commands

`hemascope COMMAND --help` says the same on the terminal; `hemascope --help` lists the commands. Images come first, then
options: `-r` a recipe, `-m` a model, `-o` the output. Every function of [the Python interface](python.md) has the
arguments and defaults of its command.

Exit codes of all commands: 0 fine; 2 a problem that you can mend, or wrong usage; 130 stopped by Ctrl-C; 1 a defect of
hemascope. Commands with more of them say so below.
"""


class Argument(NamedTuple):
    """One argument or option, as the page's tables show it."""

    name: str
    kind: str
    default: str
    meaning: str


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *(_section(name, about) for name, about in commands().items())])


def options(name: str) -> list[str]:
    """Every spelling of every option of a command, as ``-m`` and ``--model``."""
    *_, found = _read(name)
    return [spelling for each in found for spelling in re.findall(r"--?[\w-]+", each.name)]


def _read(name: str) -> tuple[str, str, list[Argument]]:
    """A command's help, what its help ends with, and its arguments."""
    module = importlib.import_module(f"hemascope.cli.{name.replace('-', '_')}")
    if hasattr(module, "parser"):
        parser: argparse.ArgumentParser = module.parser()
        return parser.description or "", parser.epilog or "", [*_of_parser(parser)]
    function = getattr(module, name.replace("-", "_"))
    return inspect.getdoc(function) or "", "", [*_of_function(function)]


def _section(name: str, about: str) -> str:
    text, end, found = _read(name)
    usage = " ".join(["hemascope", name, *(each.name for each in found if not each.name.startswith("-")), "[OPTIONS]"])
    lines = [f"\n## {name}\n", about, f"\n```text\n{usage}\n```\n", _prose(text.removeprefix(about))]
    if end:
        lines.append(f"\n```text\n{end}\n```")
    lines += ["\n| Argument | Type | Default | Meaning |", "|---|---|---|---|"]
    lines += [f"| `{each.name}` | {each.kind} | {each.default} | {_cell(each.meaning)} |" for each in found]
    return "\n".join(lines)


def _of_function(function: Callable[..., Any]) -> Iterator[Argument]:
    """What typer reads: the parameters' annotations with their `typer.Argument` and `typer.Option`."""
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        kind, *more = get_args(hints[name]) if hasattr(hints[name], "__metadata__") else (hints[name],)
        info = next((each for each in more if isinstance(each, OptionInfo | ArgumentInfo)), OptionInfo(default=None))
        if info.hidden:
            continue
        default = parameter.default
        given = default not in (inspect.Parameter.empty, None, "", False) and info.show_default
        shown = info.show_default if isinstance(info.show_default, str) else _code(default) if given else ""
        if default is inspect.Parameter.empty:
            shown = "needed"
        meaning = info.help or ""
        if info.envvar:
            meaning += f" Environment: {info.envvar}."
        yield Argument(_name(name, info, default), _kind(kind, info), shown, meaning)


def _name(name: str, info: OptionInfo | ArgumentInfo, default: object) -> str:
    if isinstance(info, ArgumentInfo):
        return (info.metavar or name).upper()
    long = "--" + name.rstrip("_").replace("_", "-")
    first = [info.default] if str(info.default).startswith("-") else []  # where typer keeps the first name
    names = [*first, *(info.param_decls or ())] or [f"{long} / --no-{long[2:]}" if default is True else long]
    return ", ".join(sorted(names, key=len, reverse=True))


def _kind(kind: Any, info: OptionInfo | ArgumentInfo) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) in (list, tuple):
        return f"{_kind(get_args(kind)[0], info)}, several"
    if kind is bool:
        return "switch"
    if info.metavar and isinstance(info, OptionInfo):
        return _code(info.metavar)
    words = {"Path": "path", "str": "text", "int": "number", "float": "number"}
    word = words.get(kind.__name__, kind.__name__)
    low, high = info.min, info.max
    bounds = f" {low} to {high}" if low is not None and high is not None else f" from {low}" if low is not None else ""
    return word + bounds


def _of_parser(parser: argparse.ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:  # argparse offers no other way to list them
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        name = ", ".join(sorted(action.option_strings, key=len, reverse=True)) or str(action.metavar or action.dest)
        value = _code(action.metavar) if action.metavar and action.option_strings else "text"
        kind = "switch" if action.nargs == 0 else "path" if action.type is Path else value
        several = ", several" if action.nargs in ("+", "*") else ""
        default = "needed" if action.required else "" if action.default in (None, False) else _code(action.default)
        yield Argument(name if action.option_strings else name.upper(), kind + several, default, action.help or "")


def _prose(text: str) -> str:
    """Help text as Markdown: its own paragraphs; lines that are indented are code."""
    paragraphs = (part for part in text.replace("\b\n", "").split("\n\n") if part.strip())
    return "\n\n".join(f"```text\n{part}\n```" if part.startswith(" ") else _escaped(part) for part in paragraphs)


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def _code(value: object) -> str:
    return f"`{value}`"
