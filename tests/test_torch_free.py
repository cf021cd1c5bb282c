"""The deployed classifier needs no training stack: neither installed nor, where installed, imported."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hemascope.data.manifest import Manifest
from tests.fields.toy import small_field, write_detector
from tests.predict.model import write_model
from tests.predict.pictures import encoded, picture, write_folder, write_tar

HEAVY = (
    "torch", "torchvision", "timm", "lightning", "pandas", "sklearn", "pydantic", "onnx", "matplotlib", "yaml",
    "huggingface_hub", "safetensors", "datasets", "mlflow", "tensorboard", "wandb",
)  # fmt: skip

SOURCES = ("a.npz", "a.tar.gz", "a.parquet", "manifest.parquet", "out.csv", "out.parquet", "synthetic:8", "cells/*.png")

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
list(classifier(iter(["cells/cell_00000.png"])))
len(hemascope.predict("cells", "model.onnx"))
len(hemascope.count("field.png", "model.onnx", detector="detector.onnx"))
codes = []
for arguments in (
    ["--help"],
    ["predict", "--help"],
    ["predict", "cells", "--model", "model.onnx"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.csv"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.jsonl"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.parquet"],
    ["predict", "cells", "--model", "model.onnx", "-o", "out.parquet", "--resume"],
    ["predict", *{sources!r}, "--model", "model.onnx"],
    ["count", "--help"],
    ["count", "field.png", "-m", "model.onnx", "--detector", "detector.onnx", "-o", "counted"],
    ["count", "field.png", "-m", "model.onnx", "--detector", "detector.onnx", "-o", "again", "--format", "parquet"],
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
    write_detector(tmp_path / "detector.onnx")
    Image.fromarray(small_field()).save(tmp_path / "field.png")
    write_folder(tmp_path / "cells", 20)
    images = np.stack([picture("basophil")] * 2)
    np.savez(tmp_path / "a.npz", images=images)
    write_tar(tmp_path / "a.tar.gz", {"a/1.png": encoded("basophil")})
    pq.write_table(pa.table({"image": [encoded("basophil")]}), tmp_path / "a.parquet")
    found = Manifest.build(["a.npz", "a.tar.gz"], ["", ""], (), members=["images/1", "a/1.png"])
    found.write(tmp_path / "manifest.parquet")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY, blocked=blocked, sources=SOURCES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    labels, codes, imported = json.loads(done.stderr.splitlines()[-1])
    assert labels == ["eosinophil", "lymphocyte"]
    assert codes == [0] * 11
    assert imported == []


RUN = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
from hemascope.cli import main
main({arguments!r})
"""


def run_without(missing, arguments, folder):
    script = RUN.format(missing=missing, arguments=arguments)
    return subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_audit_runs_without_the_training_stack(tmp_path):
    missing = ("torch", "torchvision", "timm", "lightning", "yaml", "onnxscript")
    done = run_without(missing, ["audit", "synthetic:32", "-o", "audit", "--apply"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "audit" / "audit.html").is_file()
    assert (tmp_path / "audit" / "cleaned.parquet").is_file()


@pytest.mark.parametrize(
    ("command", "options"), [("evaluate", []), ("explain", ["-n", "1", "--smears", "0", "-o", "out"])]
)
def test_a_model_file_is_scored_and_explained_without_the_training_stack(tmp_path, command, options):
    write_model(tmp_path / "model.onnx")
    missing = ("torch", "torchvision", "timm", "lightning", "yaml", "onnxscript")
    done = run_without(missing, [command, "synthetic:32", "-m", "model.onnx", *options], tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("missing", "command", "extra"), [("cleanvision", "audit", "audit"), ("lightning", "train", "train")]
)
def test_a_missing_extra_is_named(tmp_path, missing, command, extra):
    done = run_without((missing,), [command, "synthetic:32", "-o", "out"], tmp_path)
    assert done.returncode == 2
    assert f"hemascope {command} needs {missing}" in done.stderr
    assert f'pip install "hemascope[{extra}]"' in done.stderr
