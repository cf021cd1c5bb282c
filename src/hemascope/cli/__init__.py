"""The command line: ``hemascope COMMAND``, each command a module of this package.

A command is the function of a module's own name (``train`` in ``train.py``; ``-`` for ``_``) with typer's
options. The first line of the module's
docstring is its line in ``hemascope --help``. Only the module of the command that runs is imported.

A command that has to start quickly has ``run(arguments) -> exit code`` instead and reads its arguments by
argparse, from what its function ``parser()`` gives: typer takes longer to import than an image takes to classify.
"""

import ast
import difflib
import itertools
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from hemascope import __version__
from hemascope.cli._streams import visible_streams
from hemascope.errors import HemascopeError
from hemascope.shown import wrapped

# The order of the work in --help; commands not named here follow by name.
_ORDER = {
    "data and trainings": (
        "audit",
        "augment",
        "recipes",
        "networks",
        "train",
        "train-detector",
        "tune",
        "tune-augment",
        "ensemble",
    ),
    "judging a model": ("evaluate", "explain", "report", "compare", "bench"),
    "using a model": ("predict", "count", "serve", "adapt", "export", "push", "submit"),
    "the command line itself": ("completion",),
}
_OTHERS = "others"

_EXTRAS = {"adapt": "audit", "audit": "audit", "serve": "serve"}  # the others: train


def commands() -> dict[str, str]:
    """The commands there are, in the order of the work: name -> line of help. Imports none of them."""
    files = {file.stem.replace("_", "-"): file for file in Path(__file__).parent.glob("[!_]*.py")}
    named = [name for names in _ORDER.values() for name in names]
    order = [name for name in named if name in files] + sorted(files.keys() - set(named))
    return {name: _help_line(files[name]) for name in order}


@visible_streams()
def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0 fine; 2 a problem the user can mend, or wrong usage; 130 stopped by Ctrl-C; 1 a defect of
    hemascope; and what a command's own help says.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except ModuleNotFoundError as error:
        code = _say_missing(error, arguments)
    except HemascopeError as error:
        _say(f"error: {error.problem}", error.remedy)
        code = 2
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:  # whoever read our output, such as head, has enough
        _drop_output()
        code = 1
    except OSError as error:
        code = _say_unwritten(error)
    except Exception as error:
        code = _say_defect(error)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help", "help"):
        print(_overview())  # noqa: T201
        return 0 if arguments else 2
    if name == "--version":
        print(f"hemascope {__version__}")  # noqa: T201
        return 0
    known = commands()
    if name not in known:
        close = difflib.get_close_matches(name.lower(), [*known, "--help", "--version"], n=1)
        hint = f"Did you mean {close[0]}?" if close else "hemascope --help lists the commands."
        raise HemascopeError(f"there is no command {name!r}", hint)
    from hemascope.cli._dispatch import run_command

    return run_command(name, arguments[1:])


def _overview() -> str:
    known = commands()
    width = max(map(len, known), default=0)
    place = {name: heading for heading, names in _ORDER.items() for name in names}
    lines = [
        "usage: hemascope COMMAND [OPTIONS]",
        "",
        "Train, stress-test and deploy classifiers of single blood cells.",
    ]
    for heading, names in itertools.groupby(known, lambda name: place.get(name, _OTHERS)):
        lines += ["", f"{heading}:", *(f"  {name:{width}}  {known[name]}" for name in names)]
    return "\n".join([*lines, "", "hemascope COMMAND --help says more; hemascope --version shows the version."])


def _help_line(file: Path) -> str:
    """The first line of a module's docstring, read without importing it."""
    return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _say_missing(error: ModuleNotFoundError, arguments: list[str]) -> int:
    """Name the extra that a command wants; gives the exit code."""
    package = (error.name or "").partition(".")[0]
    if package in ("", "hemascope"):
        raise error
    extra = _EXTRAS.get(arguments[0], "train")
    _say(
        f"error: hemascope {arguments[0]} needs {package}, which is not installed", f'pip install "hemascope[{extra}]"'
    )
    return 2


def _say_unwritten(error: OSError) -> int:
    """Tell of a full disk, as far as no writer did: that of our own output; gives the exit code."""
    from hemascope.files import is_of_writing, write_error

    if not is_of_writing(error):
        return _say_defect(error)
    problem = write_error(error, Path(error.filename or "/dev/stdout").resolve())
    _say(f"error: {problem.problem}", problem.remedy)
    _drop_output()
    return 2


def _say_defect(error: Exception) -> int:
    if os.environ.get("HEMASCOPE_DEBUG"):
        traceback.print_exc()
    else:
        _say(f"error: {type(error).__name__}: {error}", "For the traceback, set HEMASCOPE_DEBUG=1 and run again.")
    return 1


def _drop_output() -> None:
    """Let what was printed and cannot be written go, lest the interpreter try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(*lines: str) -> None:
    width = shutil.get_terminal_size().columns
    for line in filter(None, lines):
        print(wrapped(line, width) if sys.stderr.isatty() else line, file=sys.stderr)  # noqa: T201
