"""The command, as a process of its own where it matters: exit codes, what goes where, Ctrl-C."""

import csv
import io
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from hemascope.cli import main
from tests.fields.toy import small_field, write_detector
from tests.predict.model import write_model

COMMAND = [sys.executable, "-c", "from hemascope.cli import main; main()", "count"]


@pytest.fixture
def given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_detector(tmp_path / "d.onnx")
    write_model(tmp_path / "m.onnx", unknown=0.99)
    (tmp_path / "fields").mkdir()
    for number in range(2):
        Image.fromarray(small_field()).save(tmp_path / "fields" / f"{number}.png")
    return ["fields", "-m", "m.onnx", "--detector", "d.onnx", "--threads", "1"]


def run(arguments):
    with pytest.raises(SystemExit) as ended:
        main(["count", *arguments])
    return ended.value.code


def test_into_a_folder_the_counts_are_shown(given, tmp_path, capsys):
    assert run([*given, "-o", "out"]) == 0
    said = capsys.readouterr()
    assert "Red cells                           36     18.0" in said.out
    assert "Differential of 6" in said.out
    tables = said.out.partition("As called")[0]  # the notes are broken by the terminal
    assert max(map(len, tables.splitlines())) <= 80
    assert said.err.endswith("2 fields -> out\n")
    assert run([*given, "-o", "out"]) == 2
    assert run([*given, "-o", "out", "--resume"]) == 0
    assert "out is complete already" in capsys.readouterr().err


def test_into_a_pipe_the_cells_go_and_the_counts_beside(given, capsys):
    assert run(given) == 0
    said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert len(rows) == 48
    assert rows[0]["field"] == "fields/0.png"
    assert "White cells" in said.err


def test_a_field_that_fails_is_named_and_the_exit_code_says_so(given, tmp_path, capsys):
    (tmp_path / "fields" / "bad.png").write_bytes(b"none")
    assert run([*given, "-o", "out"]) == 3
    assert "1 of 3 fields failed:\n  fields/bad.png: not a picture of a known format" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done(given, tmp_path, capsys):
    for number in range(2, 60):
        Image.fromarray(small_field()).save(tmp_path / "fields" / f"{number}.png")
    arguments = [*given, "-o", "out"]
    with subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as job:
        journal = tmp_path / "out" / "cells.partial"
        while job.poll() is None and not (journal.exists() and journal.stat().st_size > 2000):
            time.sleep(0.02)
        job.send_signal(signal.SIGINT)
        _, said = job.communicate(timeout=120)
    assert job.returncode == 130, said
    assert "Go on with: hemascope" in said
    assert run([*arguments, "--resume"]) == 0
    assert "60 fields (" in capsys.readouterr().err
    assert len((tmp_path / "out" / "cells.csv").read_text().splitlines()) == 60 * 24 + 1
