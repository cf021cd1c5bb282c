import subprocess
import sys
import types

import pytest

import hemascope
from hemascope import cli
from hemascope.errors import HemascopeError


@pytest.fixture
def command(monkeypatch):
    """Makes `hemascope trial` a command that runs what it is given."""

    def make(run=None, **contents):
        module = types.ModuleType("hemascope.cli.trial")
        vars(module).update(contents, **({"run": run} if run else {}))
        monkeypatch.setitem(sys.modules, "hemascope.cli.trial", module)
        monkeypatch.setattr(cli, "commands", lambda: {"trial": "Try."})

    return make


def exit_code(*arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return end.value.code


def raising(error):
    def run(arguments):
        raise error

    return run


def test_a_command_gets_its_arguments_and_gives_the_exit_code(command):
    command(run=lambda arguments: len(arguments))
    assert exit_code("trial", "a", "--b", "c") == 3


def test_typer_functions_are_commands(command, capsys):
    def trial(n: int, fail: bool = False) -> None:
        """Try."""
        if fail:
            raise HemascopeError("bad", "mend")
        sys.stdout.write(f"{n + 1}\n")

    command(trial=trial)
    assert (exit_code("trial", "41"), capsys.readouterr().out) == (0, "42\n")
    assert (exit_code("trial", "1", "--fail"), capsys.readouterr().err) == (2, "error: bad\nmend\n")
    assert exit_code("trial", "word") == 2
    assert exit_code("trial", "--help") == 0


def test_a_problem_of_the_user_has_no_traceback(command, capsys):
    command(run=raising(HemascopeError("cells.npz: no images", "Save some.")))
    assert exit_code("trial") == 2
    assert capsys.readouterr().err == "error: cells.npz: no images\nSave some.\n"


def test_a_defect_is_one_line_unless_asked(command, capsys, monkeypatch):
    command(run=raising(ZeroDivisionError("division by zero")))
    monkeypatch.delenv("HEMASCOPE_DEBUG", raising=False)
    assert exit_code("trial") == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ZeroDivisionError: division by zero\n")
    assert "HEMASCOPE_DEBUG=1" in said
    assert "Traceback" not in said
    monkeypatch.setenv("HEMASCOPE_DEBUG", "1")
    assert exit_code("trial") == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130(command):
    command(run=raising(KeyboardInterrupt()))
    assert exit_code("trial") == 130


def test_version(capsys):
    assert exit_code("--version") == 0
    assert capsys.readouterr().out == f"hemascope {hemascope.__version__}\n"


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_help_lists_the_commands(capsys, arguments, code):
    assert exit_code(*arguments) == code
    assert "  predict " in capsys.readouterr().out


def test_an_unknown_command_gets_a_suggestion(capsys):
    assert exit_code("predikt") == 2
    assert "Did you mean predict?" in capsys.readouterr().err


def test_every_command_says_what_it_does():
    assert all(line.endswith(".") for line in cli.commands().values())


def test_help_fits_the_terminal_and_groups_the_commands(capsys):
    exit_code("--help")
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert "\njudging a model:\n  evaluate " in said
    assert "others:" not in said


def test_a_full_disk_behind_the_output_is_said():
    with open("/dev/full", "w") as full:  # noqa: PTH123 - as a shell opens it
        code = [sys.executable, "-m", "hemascope.cli", "--help"]
        ended = subprocess.run(code, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: /dev/full: cannot be written: the disk of /")
    assert ended.stderr.endswith("Make room there, or name a place on another disk.\n")
