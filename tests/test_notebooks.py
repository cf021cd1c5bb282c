"""The notebooks: kept in one form, without traces of a machine, and run from top to bottom on drawings."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import draw

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "notebooks.py"
TINY = ["network=vanilla_cnn", "pretrained=false", "input_size=32", "epochs=1", "batch_size=16"]
SETTINGS = {
    "main": {"changes": TINY, "tta": True, "tta_steps": 2},
    "augmentation": {"side": 48, "copies": 2},
}
PICTURES = {"main": 6, "augmentation": 11}
NAMES = list(SETTINGS)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebooks", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def smears(tmp_path_factory: pytest.TempPathFactory) -> str:
    """80 drawings in one file, which are read faster than drawn."""
    path = tmp_path_factory.mktemp("smears") / "smears.npz"
    images = np.stack([draw(0, index, 48).image for index in range(80)])
    np.savez(path, images=images, labels=np.arange(80) % 8, classes=np.array(BLOOD_CLASSES))
    return str(path)


def test_there_are_no_others(script: ModuleType) -> None:
    assert sorted(path.stem for path in script.FOLDER.glob("*.ipynb")) == sorted(NAMES) == sorted(script.KEPT)


@pytest.mark.parametrize("name", NAMES)
def test_they_are_kept_in_normal_form(name: str, script: ModuleType) -> None:
    kept = (script.FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert kept == script.text(script.normal(script.read(name)))
    assert len(kept) < 400_000
    words = re.sub(r'"image/\w+": "[^"]*"|base64,[\w+/=]+', "", kept)
    assert not re.search(r"/(home|root|Users|tmp|work)/", words)
    assert '"stderr"' not in words


@pytest.fixture(scope="module")
def done(smears: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, NotebookNode]]:
    """All notebooks, run at the same time in processes of their own."""
    folder = tmp_path_factory.mktemp("notebooks")
    processes = []
    for name, settings in SETTINGS.items():
        words = [word for key, value in settings.items() for word in ("--set", f"{key}={value!r}")]
        command = [sys.executable, SCRIPT, name, "--set", f"source={smears!r}", *words, "--output", folder]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    try:
        said = [process.communicate(timeout=800)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
        yield {name: nbformat.read(folder / f"{name}.ipynb", as_version=4) for name in NAMES}
    finally:
        for process in processes:
            process.kill()  # of one that has ended nothing is left to kill
            process.wait()


def _has_picture(data: dict[str, str]) -> bool:
    """Whether an output is a picture, or a result that draws itself with one."""
    return any(kind.startswith("image/") for kind in data) or 'src="data:image/' in data.get("text/html", "")


@pytest.mark.parametrize("name", NAMES)
def test_they_run(name: str, script: ModuleType, done: dict[str, NotebookNode]) -> None:
    outputs = [output for cell in done[name].cells for output in cell.get("outputs", [])]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    pictures = [output for output in outputs if _has_picture(output.get("data", {}))]
    assert len(pictures) == PICTURES[name]
    assert [cell.source for cell in done[name].cells] == [cell.source for cell in script.read(name).cells]
