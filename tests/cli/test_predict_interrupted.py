"""Real runs in processes of their own, ended by real signals."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.predict.model import write_model
from tests.predict.pictures import write_folder

N = 500


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images, a model that takes some milliseconds an image, and one that takes none."""
    place = tmp_path_factory.mktemp("interrupted")
    write_folder(place / "cells", N)
    (place / "cells" / "cell_00003x.png").write_bytes(b"bad")
    write_model(place / "slow.onnx", pause=2500)
    write_model(place / "other.onnx", sharpness=4)
    return place


def command(*arguments):
    return [sys.executable, "-c", "from hemascope.cli import main; main()", "predict", "cells", *arguments]


def run(place, *arguments):
    return subprocess.run(command(*arguments), cwd=place, capture_output=True, text=True, timeout=60)


def interrupted(place, output, how):
    """Starts a run, ends it by a signal once it has done something, and gives the process and what it said."""
    process = subprocess.Popen(
        command("--model", "slow.onnx", "--batch", "1", "-o", output), cwd=place, stderr=subprocess.PIPE, text=True
    )
    journal = place / f"{output}.partial"
    head = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists():
            head = head or journal.stat().st_size
            if journal.stat().st_size > head:
                break
        time.sleep(0.005)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.fixture(scope="module")
def uninterrupted(place):
    assert run(place, "--model", "slow.onnx", "-o", "whole.csv").returncode == 3
    return read(place / "whole.csv")


def read(path):
    """The rows without the numbers, and the numbers; those may differ in the last digit with the batch."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [[*row[:2], row[-1]] for row in rows], np.array([[float(x or 0) for x in row[2:-1]] for row in rows])


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_a_run_that_is_ended_goes_on_where_it_was(place, uninterrupted, how):
    output = f"{how.name}.csv"
    code, said = interrupted(place, output, how)
    journal = place / f"{output}.partial"
    assert not (place / output).exists()
    assert journal.exists()
    if how == signal.SIGINT:
        assert code == 130
        assert f"kept in {output}.partial" in said
        assert f"--model slow.onnx --batch 1 -o {output} --resume" in said
        assert "Traceback" not in said
    else:
        assert code == -signal.SIGKILL
        with journal.open("ab") as file:  # as if the kill had come in the middle of a write
            file.write(b"\xff\xff\xff\xff\x00\x02\x00\x00 half a message")

    again = run(place, "--model", "slow.onnx", "-o", output)
    assert again.returncode == 2
    assert "--resume" in again.stderr
    again = run(place, "--model", "other.onnx", "-o", output, "--resume")
    assert again.returncode == 2
    assert "another model" in again.stderr

    again = run(place, "--model", "slow.onnx", "-o", output, "--resume")
    assert again.returncode == 3  # the bad image was in the part done before
    assert "of them by the run before" in again.stderr
    texts, numbers = read(place / output)
    assert texts == uninterrupted[0]
    assert np.allclose(numbers, uninterrupted[1], atol=1e-6)
    assert not journal.exists()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_second_ctrl_c_ends_it_at_once_whatever_is_at_work(place):
    busy = "import pathlib, time\nfrom hemascope.predict import stream\n"
    busy += "def endless(*_):\n    pathlib.Path('busy').touch()\n    time.sleep(1000)\nstream._run = endless\n"
    arguments = command("--model", "other.onnx", "-o", "ended.csv")
    arguments[2] = busy + arguments[2]
    process = subprocess.Popen(arguments, cwd=place, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (place / "busy").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert process.stderr.read() == ""
    process.stderr.close()
    again = run(place, "--model", "other.onnx", "-o", "ended.csv")  # the lock went with it, the journal did not
    assert "an interrupted run left this" in again.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_other_images_than_before_are_refused(place):
    interrupted(place, "changed.csv", signal.SIGKILL)
    first = place / "cells" / "cell_00000.png"
    first.rename(place / "away.png")
    try:
        again = run(place, "--model", "slow.onnx", "-o", "changed.csv", "--resume")
    finally:
        (place / "away.png").rename(first)
    assert again.returncode == 2
    assert "cells/cell_00001.png is where cells/cell_00000.png was" in again.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_two_runs_into_one_output_the_second_is_refused_and_the_first_is_whole(place):
    few = [*command("--model", "slow.onnx", "--batch", "1", "-o", "both.csv"), "--overwrite"]
    few[few.index("cells")] = "cells/cell_00[01]??.png"
    first = subprocess.Popen(few, cwd=place, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (place / "both.csv.partial").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)
    second = subprocess.run(few, cwd=place, capture_output=True, text=True, timeout=60)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 2
    assert f"both.csv: another hemascope predict is writing this (process {first.pid} of" in second.stderr
    assert first.wait(timeout=60) == 0
    assert [row[0] for row in read(place / "both.csv")[0]] == [f"cells/cell_{i:05d}.png" for i in range(200)]
    assert not list(place.glob(".both*"))


def test_a_reader_that_has_enough_ends_the_run_quietly(place):
    process = subprocess.Popen(
        command("--model", "other.onnx"), cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("path,label,confidence")
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert "Traceback" not in said
    assert "Broken" not in said
