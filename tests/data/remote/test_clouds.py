"""Stores other than S3, as emulators play them on loopback: read, listed, written, and made into."""

import shutil
import socket
import subprocess
import time

import pytest

import hemascope
from hemascope.data.remote import listing, reading, store, writing
from hemascope.data.remote.mirror import into_folder, taken_up
from hemascope.errors import SourceError
from tests.hub import IGNORED, as_hub
from tests.predict.model import write_model
from tests.predict.pictures import encoded
from tests.told import Told

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings(IGNORED)]

AZURE = ("devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")
"""The account that every emulator of Azure has, and its key, which Microsoft publishes."""


@pytest.fixture(scope="module")
def google():
    """Google Cloud Storage with the bucket "lab"; gives the variables that lead to it."""
    pytest.importorskip("gcsfs", reason="gcsfs is not installed: pip install 'hemascope[gcs]'")
    emulator = pytest.importorskip(
        "gcp_storage_emulator.server", reason="the emulator is not installed: pip install gcp-storage-emulator"
    )
    server = emulator.create_server("127.0.0.1", 0, in_memory=True, default_bucket="lab")
    server.start()
    yield {"STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{server._api._httpd.server_port}", "FSSPEC_GS_TOKEN": "anon"}
    server.stop()


@pytest.fixture(scope="module")
def azure():
    """Azure's blobs; gives the variables that lead to them."""
    pytest.importorskip("adlfs", reason="adlfs is not installed: pip install 'hemascope[azure]'")
    program = shutil.which("azurite-blob") or pytest.skip("the emulator is not installed: npm install -g azurite")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--inMemoryPersistence", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    server = subprocess.Popen([program, *options, "--blobPort", str(port)], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    account, key = AZURE
    where = f"BlobEndpoint=http://127.0.0.1:{port}/{account}"
    yield {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName={account};AccountKey={key};{where};"}
    server.terminate()
    server.wait()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The Hugging Face hub with the data set "ada/cells"; its variables are set."""
    pytest.importorskip("huggingface_hub", reason="huggingface-hub is not installed: pip install 'hemascope[hub]'")
    with as_hub(tmp_path / "hub", monkeypatch) as hub:
        hub.add("ada/cells", {"README.md": b"cells"})
        yield {}


@pytest.fixture(params=["gs", "az", "abfs", "hf"])
def cloud(request, tmp_path, monkeypatch):
    """The URL of an empty folder there."""
    # Without this, gcsfs asks by gRPC, which the emulator does not speak, what kind of bucket it is.
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    server = {"gs": "google", "hf": "hub"}.get(request.param, "azure")
    for name, value in request.getfixturevalue(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "20")
    monkeypatch.chdir(tmp_path)
    store.forget()
    account = f"abfs://lab@{AZURE[0]}.dfs.core.windows.net"
    place = {"abfs": account, "hf": "hf://datasets/ada/cells"}.get(request.param, f"{request.param}://lab")
    if server == "azure" and not writing.is_there("az://lab"):
        store.store("az://lab").system.mkdir("lab", exist_ok=True)
    yield f"{place}/{request.param}"
    store.forget()


def test_files_are_put_told_listed_and_read(cloud, tmp_path):
    file = tmp_path / "a.bin"
    file.write_bytes(bytes(range(256)) * 1000)
    writing.check_writable(f"{cloud}/in/a.bin")
    version = writing.put(file, f"{cloud}/in/a.bin")
    writing.put(file, f"{cloud}/in/deep/b.bin")
    found = reading.about(f"{cloud}/in/a.bin")
    assert found == reading.About(256_000, False, version)
    assert reading.about(f"{cloud}/in").is_folder
    assert [(child.name, child.is_folder) for child in listing.children(f"{cloud}/in")] == [
        ("a.bin", False), ("deep", True),
    ]  # fmt: skip
    assert [one.path for one in listing.walk(cloud, lambda _: True)] == [f"{cloud}/in/a.bin", f"{cloud}/in/deep/b.bin"]
    assert reading.read(f"{cloud}/in/a.bin", 1 << 20) == file.read_bytes()
    assert reading.read_part(f"{cloud}/in/a.bin", 1000, 1010, 256_000) == file.read_bytes()[1000:1010]
    file.write_bytes(b"another")
    assert writing.put(file, f"{cloud}/in/a.bin") not in ("", version)
    for gone in (f"{cloud}/gone.bin", f"{cloud.partition('://')[0]}://no-such-place-{time.time_ns()}/a.bin"):
        with pytest.raises(SourceError, match="no such"):
            reading.about(gone)


def test_pictures_are_classified_from_there_to_there(cloud, tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(encoded(("basophil", "eosinophil")[number % 2]))
        writing.put(tmp_path / f"{number}.png", f"{cloud}/cells/{number}.png")
    write_model(tmp_path / "model.onnx")
    done = hemascope.predict(f"{cloud}/cells", "model.onnx", output=f"{cloud}/made/out.csv", threads=1)
    assert [(row["path"].rpartition("/")[2], row["label"]) for row in done.rows()] == [
        (f"{number}.png", ("basophil", "eosinophil")[number % 2]) for number in range(4)
    ]


def test_a_folder_is_gone_on_with_by_another_machine(cloud, tmp_path, monkeypatch):
    @into_folder("hemascope job")
    def job(*, output, progress):
        output.mkdir()
        (output / "run.json").write_text("begun")

    told = Told()
    job(output=f"{cloud}/run", progress=told)
    with taken_up(f"{cloud}/run", "hemascope job", "run.json", told):  # here nothing has to be fetched
        pass
    assert not [line for line in told.said if "fetched" in line]
    monkeypatch.setenv("HEMASCOPE_CACHE", str(tmp_path / "second"))
    with taken_up(f"{cloud}/run", "hemascope job", "run.json", told) as folder:
        assert (folder / "run.json").read_text() == "begun"
