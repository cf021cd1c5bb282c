"""The deployed classifier needs no training stack: neither installed nor, where installed, imported."""

import json
import subprocess
import sys

import pytest

from tests.predict.model import write_model
from tests.predict.pictures import write_folder

HEAVY = ("torch", "torchvision", "timm", "lightning", "pandas", "sklearn", "pydantic", "onnx", "matplotlib", "yaml")

SCRIPT = """
import json, sys
heavy = {heavy!r}
if {blocked}:
    sys.modules.update(dict.fromkeys(heavy))  # None: importing it raises, as if it were not installed
import hemascope, numpy
from hemascope.cli import main

classifier = hemascope.load("model.onnx")
labels = [prediction.label for prediction in classifier(["cells/cell_00000.png", "cells/cell_00001.png"])]
classifier.features(numpy.zeros((2, 4, 4, 3), "uint8"))
codes = []
for arguments in (
    ["--help"],
    ["predict", "--help"],
    ["predict", "cells", "--model", "model.onnx"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.csv"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.jsonl"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.parquet"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.parquet", "--resume"],
):
    try:
        main(arguments)
    except SystemExit as end:
        codes.append(end.code)
imported = [name for name in heavy if sys.modules.get(name) is not None]
print(json.dumps([labels, codes, imported]), file=sys.stderr)
"""


@pytest.mark.parametrize("blocked", [True, False], ids=["not installed", "installed"])
def test_nothing_of_the_training_stack_is_imported(tmp_path, blocked):
    write_model(tmp_path / "model.onnx")
    write_folder(tmp_path / "cells", 20)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY, blocked=blocked)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    labels, codes, imported = json.loads(done.stderr.splitlines()[-1])
    assert labels == ["eosinophil", "lymphocyte"]
    assert codes == [0] * 7
    assert imported == []


def test_the_audit_imports_no_training_framework():
    script = "import sys, hemascope.audit.audit; print([n for n in ('torch', 'timm', 'lightning') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
