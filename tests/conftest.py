"""What every test may use: the real images, where this machine has them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hemascope import telemetry

if TYPE_CHECKING:
    from tests.data.remote.servers import Bucket, Faulty, Web

ROOT = Path(__file__).resolve().parents[1]

telemetry.switch_off()  # the test modules below import onnxruntime before they import hemascope

# Tests side by side (pytest -n) share the cores; read by torch and OpenMP when they are first imported.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

# Read by Ray when it is first imported: its workers would wait for every other test, and a busy machine starts slowly.
os.environ.setdefault("RAY_worker_niceness", "0")
os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")

# A job that a script began with & ignores Ctrl-C, and so would all that tests begin.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "pipeline/test_train.py", "test_interface.py", "pipeline/test_on_ray.py", "engine/test_tasks.py", "test_docs.py",
    "serve/page/test_fields.py", "pipeline/test_folds.py", "test_notebooks.py", "fields/test_spread.py",
    "serve/test_lifecycle.py", "bench/test_runner.py", "train/detector/test_fit.py", "test_torch_free.py",
    "export/test_graph.py", "predict/test_spread.py", "audit/duplicates/test_training.py", "audit/test_spread.py",
)  # fmt: skip
"""Modules that take the longest. They begin first: at the end each would leave the other cores idle."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the order below where tests run side by side, which else begins with the modules of the most tests."""
    if hasattr(config.option, "loadscopereorder"):  # of pytest-xdist
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first."""
    rank = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


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


@pytest.fixture(scope="session")
def _s3() -> Iterator["Faulty"]:
    from tests.data.remote.servers import Faulty, s3_server

    with s3_server() as port:
        proxy = Faulty(port)
        yield proxy
        proxy.stop()


@pytest.fixture
def bucket(_s3: "Faulty", monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> "Bucket":
    """An empty bucket of an S3 server on loopback, to which the environment leads; skips without moto and s3fs."""
    from tests.data.remote.servers import Bucket

    proxy = _s3
    proxy.reset()
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    settings = {"AWS_ACCESS_KEY_ID": "key-of-the-test", "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
                "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": proxy.url, "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "HEMASCOPE_PATIENCE": "20"}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Bucket(f"b{abs(hash(request.node.nodeid)) % 10**9}-cells", proxy)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator["Web"]:
    """A server of files by HTTP on loopback; skips without fsspec and aiohttp."""
    pytest.importorskip("fsspec")
    pytest.importorskip("aiohttp")
    from tests.data.remote.servers import Web

    monkeypatch.setenv("HEMASCOPE_PATIENCE", "5")
    server = Web()
    yield server
    server.stop()
