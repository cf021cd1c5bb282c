"""The wheel: what must be in it, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import hemascope

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "hemascope"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (found,) = folder.glob("*.whl")
    return found


def test_it_holds_every_file_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("hemascope/")}
    wanted = {
        path.relative_to(SOURCE.parent).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == wanted
    assert {
        "hemascope/py.typed",
        "hemascope/predict/weights/robust.onnx",
        "hemascope/predict/weights/tiny.onnx",
        "hemascope/audit/weights/auditor.onnx",
        "hemascope/recipes/standard.yaml",
        "hemascope/serve/page/index.html",
        "hemascope/report/templates/report.html.j2",
    } <= names


def test_its_metadata_name_licence_version_and_the_core_alone(wheel):
    about = f"hemascope-{hemascope.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        others = {name for name in archive.namelist() if not name.startswith("hemascope/")}
        assert others == {
            f"{about}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
        }
        metadata = archive.read(f"{about}/METADATA").decode("utf-8")
        points = archive.read(f"{about}/entry_points.txt").decode("utf-8")
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nClassifier: Typing :: Typed\n" in metadata
    needed = [
        line.split(" ")[1]
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist") and "extra ==" not in line
    ]
    assert sorted(name.partition(">")[0] for name in needed) == [
        "filelock",
        "numpy",
        "onnxruntime",
        "pillow",
        "pyarrow",
        "rich",
        "typer",
    ]
    assert points == "[console_scripts]\nhemascope = hemascope.cli:main\n"
