import subprocess
import sys

import pytest

from hemascope.cli import main
from hemascope.serve import lifecycle


@pytest.fixture
def settings(monkeypatch):
    """What the service would be started with."""
    found = []
    monkeypatch.setattr(lifecycle, "serve", lambda settings, said: found.append(settings))
    return found


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        main(["serve", *arguments])
    return end.value.code


def test_options(settings):
    limits = ("--max-body", "1.5", "--max-files", "7", "--queue", "9", "--seconds", "4", "--gather", "1")
    assert run("--model", "mine.onnx", "--port", "0", "--threads", "3", *limits) == 0
    (found,) = settings
    assert (found.model, found.port, found.max_body, found.max_files) == ("mine.onnx", 0, 3 << 19, 7)
    assert (found.queue, found.seconds, found.gather, found.threads) == (9, 4.0, 0.001, 3)


def test_environment(settings, monkeypatch):
    for name, value in {"MAX_PIXELS": "99", "HOST": "0.0.0.0", "TOKEN": "secret", "WORKERS": "2"}.items():
        monkeypatch.setenv(f"HEMASCOPE_{name}", value)
    assert run("--workers", "3") == 0
    (found,) = settings
    assert (found.max_pixels, found.host, found.token, found.workers) == (99, "0.0.0.0", "secret", 3)


def test_other_machines_need_a_token(settings, capsys):
    assert run("--host", "0.0.0.0") == 2
    assert not settings
    said = capsys.readouterr().err
    assert "0.0.0.0 can be reached from other machines" in said
    assert "HEMASCOPE_TOKEN" in said


def test_a_missing_model_is_named(capsys):
    assert run("--model", "nowhere.onnx", "--port", "0") == 2
    assert "nowhere.onnx: no such file" in capsys.readouterr().err


def test_a_port_that_is_taken(capsys, tmp_path):
    import socket

    from tests.predict.model import write_model

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("--port", str(port), "--model", str(write_model(tmp_path / "model.onnx"))) == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in capsys.readouterr().err


def test_the_training_stack_is_not_imported():
    script = """
import sys
import hemascope.cli.serve, hemascope.serve.lifecycle
heavy = ("torch", "torchvision", "timm", "lightning", "pandas", "sklearn", "onnx")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.strip() == "[]"
