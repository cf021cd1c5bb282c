"""The pages of typer's commands, ``hemascope COMMAND --help``."""

import re
from typing import Any

from typer.core import TyperCommand

from hemascope.cli._page import WIDTH, reflowed, table, width
from hemascope.shown import GLUE, wrapped

_KINDS = {"str": "TEXT", "path": "PATH", "int": "N", "float": "NUMBER"}


class Command(TyperCommand):
    """A typer command with a page of ours."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the page; called by typer."""
        formatter.write(page(self, ctx, width()) + "\n")


def page(command: TyperCommand, ctx: Any, width: int = WIDTH) -> str:
    """What ``--help`` shows of a command.

    Args:
        command: of typer.
        ctx: typer's context, which knows the command's name.
        width: columns.
    """
    parameters = command.get_params(ctx)
    arguments = [parameter for parameter in parameters if _is_argument(parameter)]
    options = [parameter for parameter in parameters if not _is_argument(parameter)]
    words = ["usage:", ctx.command_path, "[OPTIONS]", *map(_in_usage, arguments)]
    parts = [wrapped(" ".join(words), width, hang=7), reflowed(command.help or "", width)]
    if arguments:
        parts.append(table("arguments", [(_name(each), _text(each, ctx)) for each in arguments], width))
    parts.append(table("options", [(_switch(each, ctx), _text(each, ctx)) for each in options], width))
    return "\n\n".join(part for part in parts if part)


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.rstrip("_").upper())


def _in_usage(argument: Any) -> str:
    name = f"{_name(argument)}..." if argument.nargs == -1 else _name(argument)
    return name if argument.required else f"[{name}]"


def _switch(option: Any, ctx: Any) -> str:
    """An option's names and what it takes: ``-o, --output PATH``."""

    def kind(found: re.Match[str]) -> str:
        return _KINDS.get(found[1].split(" ")[0], found[1].upper())

    return re.sub(r"<([^>]*)>", kind, option.get_help_record(ctx)[0])


def _text(parameter: Any, ctx: Any) -> str:
    """An option's line of help; at its end in brackets what typer says of it, in our words."""
    text = " ".join(parameter.get_help_record(ctx)[1].split())
    found = re.fullmatch(r"(.*?)\s?\[((?:env var|default|required|x>|\d+<=x)[^\]]*)\]", text)
    if not found:
        return text
    parts = [part for part in found[2].split("; ") if not (part == "required" and _is_argument(parameter))]
    # No break inside a part: these lines are looked through for one number.
    noted = "; ".join(_in_words(part).replace(" ", GLUE) for part in parts)
    return f"{found[1]} [{noted}]" if noted else found[1]


def _in_words(part: str) -> str:
    part = re.sub(r"^default: \((.*)\)$", r"default: \1", part)
    part = re.sub(r"^(\S+)<=x<=(\S+)$", r"\1 to \2", part)
    return re.sub(r"^x>=(\S+)$", r"at least \1", part)


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")
