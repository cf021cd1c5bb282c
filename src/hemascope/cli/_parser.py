"""Argparse for the commands that start quickly, with the page that typer's commands have (`hemascope.cli._help`)."""

import argparse

from hemascope.cli._page import HELP, table, width
from hemascope.shown import wrapped


class Parser(argparse.ArgumentParser):
    """Reads the arguments of a command.

    Args:
        command: its name.
        words: what it takes beside options, as in its usage.
        about: what it does, wrapped.
        end: of its page, wrapped.
    """

    def __init__(self, command: str, words: str, about: str, end: str) -> None:
        name = f"hemascope {command}"
        super().__init__(name, f"{name} [OPTIONS] {words}", about, end, add_help=False, allow_abbrev=False)
        self.add_argument("-h", "--help", action="help", help=HELP)

    def format_help(self) -> str:
        """The page, at most 80 columns wide."""
        arguments = [one for one in self._actions if not one.option_strings]
        first, *options = [one for one in self._actions if one.option_strings]
        parts = [
            wrapped(f"usage: {self.usage}", width(), hang=7),
            (self.description or "").strip(),
            table("arguments", [(_name(one), _text(one)) for one in arguments], width()),
            table("options", [(_name(one), _text(one)) for one in (*options, first)], width()),
            (self.epilog or "").strip(),
        ]
        return "\n\n".join(parts) + "\n"


def _name(action: argparse.Action) -> str:
    """An option's names and what it takes: ``-o, --output OUTPUT``."""
    value = str(action.metavar or "|".join(action.choices or [action.dest.upper()]))
    if not action.option_strings:
        return value
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def _text(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")
