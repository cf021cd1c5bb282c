"""Nothing leaves the machine: the libraries below keep no record of what is run, and call nobody."""

import ast
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hemascope.telemetry import SWITCHES
from tests.conftest import ROOT
from tests.predict.model import write_model
from tests.predict.pictures import encoded

USES = {
    "library": "from hemascope import load; load({model!r}, threads=1)({image!r})",
    "command": "from hemascope.cli import main; main(['predict', {image!r}, '-m', {model!r}, '-o', {output!r}])",
    "service": """
from starlette.testclient import TestClient
from hemascope.serve.app import create_app
from hemascope.serve.settings import Settings
with TestClient(create_app(Settings(model={model!r})), base_url="http://localhost") as client:
    assert client.post("/v1/predict", content=open({image!r}, "rb").read()).status_code == 200
""",
    "submission": "import sys; sys.path.insert(0, {submission!r})\n"
    "import numpy; from model import Model; Model().predict(numpy.zeros((2, 96, 96, 3), 'uint8'))",
}

WAIT = 8
"""Seconds after which onnxruntime 1.32 has looked up its host."""


@pytest.fixture
def asked(tmp_path):
    """The code of a use, with its files."""
    (tmp_path / "submission").mkdir()
    source = ROOT / "src" / "hemascope" / "export" / "submission" / "model.py"
    shutil.copy(source, tmp_path / "submission" / "model.py")
    model = write_model(tmp_path / "submission" / "model.onnx")
    (tmp_path / "submission" / "submission.json").write_text('{"classes": ["a", "b", "c"], "views": 1}')
    (tmp_path / "image.png").write_bytes(encoded("basophil"))
    files = {"model": model, "image": tmp_path / "image.png", "submission": model.parent, "output": tmp_path / "o.csv"}
    return lambda use: USES[use].format(**{name: str(file) for name, file in files.items()})


def run(code, home, *before):
    """Run code in a process to which ``home`` belongs; gives the files that lie there afterwards."""
    home.mkdir()
    unset = {name: value for name, value in os.environ.items() if name not in SWITCHES and "CACHE" not in name}
    path = os.pathsep.join(sys.path)
    subprocess.run(
        [*before, sys.executable, "-c", code],
        check=True,
        timeout=120,
        capture_output=True,
        env={**unset, "HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home), "PYTHONPATH": path},
    )
    return sorted(str(file.relative_to(home)) for file in home.rglob("*") if file.is_file())


@pytest.mark.parametrize("use", ["library", "command", "service", "submission"])
def test_no_record_is_kept(asked, tmp_path, use):
    assert run(asked(use), tmp_path / "home") == []


def test_nobody_is_called(asked, tmp_path):
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-o", tmp_path / "trace", "true"], capture_output=True).returncode:
        pytest.skip("needs strace, and the right to trace")

    def calls(use):
        code, trace = f"{asked(use)}\nimport time; time.sleep({WAIT})", tmp_path / f"{use}.trace"
        run(code, tmp_path / use, strace, "-f", "-e", "trace=connect,sendto,sendmsg", "-o", str(trace))
        return re.findall(r"AF_INET6?,.*", trace.read_text())

    uses = ["library", "service"]
    with ThreadPoolExecutor(len(uses)) as pool:  # both wait at the same time
        assert dict(zip(uses, pool.map(calls, uses), strict=True)) == {"library": [], "service": []}


def test_what_comes_after_another_s_import_is_not_recorded(asked, tmp_path):
    import onnxruntime

    if not hasattr(onnxruntime, "disable_telemetry_events"):
        pytest.skip("this onnxruntime has none")
    code = """
import sys, types
told = []
sys.modules["onnxruntime"] = types.SimpleNamespace(disable_telemetry_events=lambda: told.append(1))
import hemascope
assert told == [1]
"""
    assert run(code, tmp_path / "home") == []


def test_programs_beside_the_package_import_it_first():
    """A module of the package has hemascope/__init__ behind it; what is run alone has not."""
    files = [*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("scripts/**/*.py")]
    assert files
    for file in files:
        names = [name.partition(".")[0] for name in _imported(file)]
        assert "onnxruntime" not in names, file


def _imported(file: Path):
    """The modules that a file imports when it is itself imported."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
