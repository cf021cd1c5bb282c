"""Names of files and texts of models are shown, and never obeyed by a terminal."""

import os
import subprocess
import sys

import pytest

from hemascope.errors import HemascopeError
from hemascope.progress import Terminal
from hemascope.terminal import Console
from tests.cli.test_main import command, exit_code  # noqa: F401 (a fixture)
from tests.predict.model import write_model
from tests.predict.pictures import encoded, write_folder

NAME = "\x1b]0;owned\x07\x1b[2Ja\rb\x9b31m.png"
SHOWN = r"\x1b]0;owned\x07\x1b[2Ja\x0db\x9b31m.png"


@pytest.mark.parametrize(
    "write", [print, lambda text: sys.stderr.write(text), lambda text: sys.stdout.writelines([text])]
)
def test_what_a_command_prints_is_visible(command, capsys, write):  # noqa: F811
    command(run=lambda _: write(NAME))
    exit_code("trial")
    assert "".join(capsys.readouterr()).rstrip("\n") == SHOWN


def test_what_is_raised_drawn_and_told_is_visible(command, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setenv("COLUMNS", "200")

    def run(arguments):
        Console(highlight=False).print(NAME, markup=False)
        with Terminal() as progress:
            progress.step(NAME, 2)
            progress.say(NAME)
            progress.done(1, note=NAME)
        raise HemascopeError(NAME, NAME) if arguments else ValueError(NAME)

    command(run=run)
    monkeypatch.setenv("HEMASCOPE_DEBUG", "1")
    for arguments in ([], ["x"]):
        exit_code("trial", *arguments)
        out, err = capsys.readouterr()
        assert out == SHOWN.replace(r"\x07", "").replace(r"\x0d", "") + "\n"  # rich leaves these out
        assert SHOWN in err
        assert not set(out + err) & set("\x1b\x07\r\x9b")


def test_the_streams_are_as_before_afterwards(command, capsys):  # noqa: F811
    out, err = sys.stdout, sys.stderr
    command(run=lambda _: sys.stdout.isatty())
    assert exit_code("trial") == 0
    assert (sys.stdout, sys.stderr) == (out, err)


@pytest.fixture
def place(tmp_path):
    write_model(tmp_path / "m.onnx")
    write_folder(tmp_path / "cells", 2)
    (tmp_path / "cells" / NAME).write_bytes(encoded("basophil"))
    (tmp_path / "cells" / f"bad{NAME}").write_bytes(b"")
    return tmp_path


PREDICT = [sys.executable, "-c", "from hemascope.cli import main; main()", "predict", "cells", "-m", "m.onnx"]


@pytest.mark.skipif(os.name == "nt", reason="names of POSIX")
def test_predict_into_a_pipe(place):
    done = subprocess.run(PREDICT, cwd=place, capture_output=True, timeout=60)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 3
    assert said.count(SHOWN) == 3  # two rows, and a failure of the summary
    assert not set(said) & set("\x1b\x07\r\x9b")


@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
def test_predict_on_a_terminal_is_coloured_by_us_alone(place):
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        PREDICT, cwd=place, stdout=theirs, stderr=theirs, env={**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 3
    text = said.decode()
    assert text.count(SHOWN) == 2
    assert "\x1b[1m" in text  # the table's head
    assert "\x1b]" not in text
    assert "\x1b[2J" not in text
    assert "\x9b" not in text
