import os
import socket
import subprocess
import sys

import pytest

from hemascope.errors import SourceError
from hemascope.predict.alone import alone


def test_the_second_is_told_who_is_at_it(tmp_path):
    with alone(tmp_path / "out.csv"):
        said = (
            rf"out\.csv: another hemascope predict is writing this \(process {os.getpid()} of .* on .*, since ..:..\)"
        )
        with pytest.raises(SourceError, match=said) as refused, alone(tmp_path / "out.csv"):
            pass
        assert socket.gethostname() in str(refused.value)
        with alone(tmp_path / "other.csv"):
            pass
    assert list(tmp_path.iterdir()) == []
    with alone(tmp_path / "out.csv"):
        pass


def test_an_error_frees_it(tmp_path):
    with pytest.raises(ZeroDivisionError), alone(tmp_path / "out.csv"):
        raise ZeroDivisionError
    with alone(tmp_path / "out.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_lock(tmp_path):
    code = "import os, sys, pathlib\nfrom hemascope.predict.alone import alone\n"
    code += "with alone(pathlib.Path(sys.argv[1])):\n    os.kill(os.getpid(), 9)\n"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "out.csv")], timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == [".out.csv.lock"]
    with alone(tmp_path / "out.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_locks_has_none(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with alone(tmp_path / "out.csv"), alone(tmp_path / "out.csv"):
        pass
    assert list(tmp_path.iterdir()) == []
