"""What every test may use: the real images, where this machine has them."""

import os
from pathlib import Path

import pytest

from hemascope import telemetry

ROOT = Path(__file__).resolve().parents[1]

telemetry.switch_off()  # the test modules below import onnxruntime before they import hemascope

# Tests side by side (pytest -n) share the cores; read by torch and OpenMP when they are first imported.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def _real_data() -> Path:
    return Path(os.environ.get("HEMASCOPE_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def pbc() -> Path:
    """The folder of the PBC images (train/ and val/ of class folders); skips where it is absent."""
    folder = _real_data() / "pbc"
    if not (folder / "val").is_dir():
        pytest.skip("no real PBC images here: name their folder in HEMASCOPE_DATA")
    return folder


@pytest.fixture(scope="session")
def other_laboratories() -> Path:
    """The folder of images from other laboratories (tecom/, bccd/, chula_rbc/); skips where it is absent."""
    folder = _real_data() / "ood"
    if not folder.is_dir():
        pytest.skip("no images of other laboratories here: name their folder in HEMASCOPE_DATA")
    return folder


@pytest.fixture(scope="session")
def real_fields() -> Path:
    """The folder of whole fields with boxes (bccd/, chula/, raabin/); skips where it is absent."""
    folder = _real_data() / "fields"
    if not folder.is_dir():
        pytest.skip("no real fields here: name the folder of the data in HEMASCOPE_DATA")
    return folder
