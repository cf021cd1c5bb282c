import io
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.errors import EngineError, SourceError
from hemascope.predict import cut, spread
from hemascope.predict.folder import MANIFEST, manifest
from hemascope.predict.predict import predict
from tests.cluster import lose, two_nodes
from tests.predict.model import CLASSES, write_model
from tests.predict.pictures import encoded, picture, write_folder
from tests.progress import Told

__all__ = ["two_nodes"]

PART = 8


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with a model, and sources of every kind; parts of 8 images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cut, "IMAGES", PART)
    write_model(tmp_path / "m.onnx", unknown=0.37, attributes=True)
    write_folder(tmp_path / "cells", 19)
    (tmp_path / "cells" / "z.png").touch()
    several = [encoded(CLASSES[i % 3]) for i in range(12)]
    with tarfile.open(tmp_path / "a.tar", "w") as plain, tarfile.open(tmp_path / "b.tar.gz", "w:gz") as packed:
        for number, data in enumerate(several):
            for archive in (plain, packed):
                about = tarfile.TarInfo(f"x/{number}.png")
                about.size = len(data)
                archive.addfile(about, io.BytesIO(data))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for number, data in enumerate(several):
            archive.writestr(f"{number}.png", data)
    stack = np.stack([picture(CLASSES[i % 3]) for i in range(11)])
    np.savez(tmp_path / "d.npz", train_images=stack, val_images=stack[:3])
    np.savez_compressed(tmp_path / "e.npz", images=stack)
    rows = {"image": [{"bytes": data, "path": None} for data in several[:9]] + [None]}
    pq.write_table(pa.table(rows), tmp_path / "f.parquet", row_group_size=4)
    (tmp_path / "g.csv").write_text("path\ncells/cell_00001.png\nnowhere.png\n", "utf-8")
    return tmp_path


SOURCES = ["cells", "a.tar", "b.tar.gz", "c.zip", "d.npz", "e.npz", "f.parquet", "g.csv", "synthetic:8:2"]


def near(rows, expected):
    """Whether rows are the same but for the last digits of their numbers."""
    for row, other in zip(rows, expected, strict=True):
        assert list(row) == list(other)
        for name, value in row.items():
            same = abs(value - other[name]) < 1e-3 if isinstance(value, float) else value == other[name]
            assert same, (row["path"], name, value, other[name])
    return True


def test_the_rows_are_those_of_this_machine_in_their_order(here, two_nodes):
    options = {"coverage": 0.9, "attributes": True, "batch": 4}
    expected = predict(SOURCES, "m.onnx", **options)
    progress = Told()
    found = predict(SOURCES, "m.onnx", output="out", on="ray", progress=progress, **options)
    assert (found.images, found.failed) == (expected.images, 3)
    assert near(found.rows(), expected.rows())
    assert next(row["error"] for row in found.rows() if row["error"]) == "the file is empty"
    parts = sorted(path.name for path in Path("out").glob("*.parquet"))
    assert parts == [f"part-{number:05d}.parquet" for number in range(-(-found.images // PART))]
    assert [pq.read_metadata(Path("out", name)).num_rows for name in parts[:-1]] == [PART] * (len(parts) - 1)
    assert len(pq.read_table("out")) == len(found.table()) == found.images
    assert manifest(Path("out"))["complete"] is True
    assert progress.steps == [("classifying", None)]  # a compressed archive is not unpacked to count
    assert progress.counts[-1] == found.images

    for output in ("out.csv", None):
        counted = output is not None
        again = predict(SOURCES, "m.onnx", output=output, on="ray", differential=counted, workers=1, **options)
        assert near(again.rows(), expected.rows())
        assert (again.differential is not None) is counted
    assert Path("differential.csv").is_file()
    assert not list(here.glob("*.parts"))


def test_a_finished_output_is_not_done_again_and_another_is_refused(here, two_nodes):
    predict("cells", "m.onnx", output="out", on="ray", workers=1)
    assert predict("cells", "m.onnx", output="out", on="ray", resume=True).images == 20
    with pytest.raises(SourceError, match="exists already"):
        predict("cells", "m.onnx", output="out", on="ray")
    with pytest.raises(SourceError, match="another --coverage"):
        predict("cells", "m.onnx", output="out", on="ray", resume=True, coverage=0.9)
    with pytest.raises(SourceError, match=r"cells/cell_00001.png is where cells/cell_00000.png was"):
        predict("cells/*[1-9].png", "m.onnx", output="out", on="ray", resume=True)
    with pytest.raises(SourceError, match="the run before, which had more"):
        predict("cells/cell_0000[0-7].png", "m.onnx", output="out", on="ray", resume=True)
    assert predict("cells/*[1-9].png", "m.onnx", output="out", on="ray", workers=1, overwrite=True).images == 17
    for way in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises(SourceError, match="holds other files"):
            predict("cells", "m.onnx", output="cells", on="ray", **way)
    with pytest.raises(EngineError, match=r"--threads .* --workers"):
        predict("cells", "m.onnx", output="other", on="ray", threads=2)
    with pytest.raises(EngineError, match=r"--workers .* --on ray"):
        predict("cells", "m.onnx", output="other.csv", workers=2)
    with pytest.raises(EngineError, match="no place to run"):
        predict("cells", "m.onnx", output="other", on="cluster")


def test_what_only_this_machine_sees_is_said_by_name(here, two_nodes, monkeypatch):
    def elsewhere(folder):
        """What workers get: paths that lead nowhere there."""
        return cut.Part(str(here / "gone"), tuple(folder.entries))

    real = cut.cut
    monkeypatch.setattr(spread, "cut", lambda sources: map(elsewhere, real(sources)))
    with pytest.raises(EngineError, match=r"gone/cells/cell_00000\.png: is on this machine, but not .* shared file"):
        predict("cells", "m.onnx", output="out", on="ray")


def test_a_killed_driver_loses_no_part_that_is_done(here, two_nodes):
    write_model(here / "slow.onnx", pause=50_000)
    write_model(here / "fast.onnx")  # the same but for its pace
    code = "from hemascope.predict import cut; cut.IMAGES = 8; from hemascope.cli import main; main()"
    arguments = ["predict", *SOURCES, "-m", "slow.onnx", "-o", "out.csv", "--on", two_nodes.address]
    with subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE) as driver:
        done = here / "out.csv.parts"
        until = time.monotonic() + 60
        while len(list(done.glob("part*.parquet"))) < 2 and driver.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        driver.send_signal(signal.SIGKILL)
        assert driver.wait() == -signal.SIGKILL, driver.stderr.read()
    before = {path: path.stat().st_mtime_ns for path in done.glob("part*.parquet")}
    assert 2 <= len(before) < 13
    with pytest.raises(SourceError, match=r"on a cluster, by --on, left this"):
        predict(SOURCES, "slow.onnx", output="out.csv", resume=True)
    with pytest.raises(SourceError, match="an interrupted run left this"):
        predict(SOURCES, "slow.onnx", output="out.csv", on="ray")

    write_model(here / "other.onnx", sharpness=9)
    with pytest.raises(Exception, match="made with another model"):
        predict(SOURCES, "other.onnx", output="out.csv", on="ray", resume=True)
    damaged = min(before)
    damaged.write_bytes(damaged.read_bytes()[:100])
    kept = {}

    class Watch(Told):
        """Sees the parts as they are before they are joined."""

        def done(self, count, total=None, note=""):
            super().done(count, total, note)
            kept.update({path: path.stat().st_mtime_ns for path in before if path.exists()})

    progress = Watch()
    found = predict(SOURCES, "slow.onnx", output="out.csv", on="ray", resume=True, progress=progress)
    assert near(found.rows(), predict(SOURCES, "fast.onnx").rows())
    assert progress.counts[0] == PART * (len(before) - 1)
    assert {path for path in before if kept[path] == before[path]} == set(before) - {damaged}
    assert not done.exists()


def test_a_lost_machine_costs_its_part_alone(here, two_nodes):
    write_model(here / "slow.onnx", pause=240_000)
    write_model(here / "fast.onnx")

    class Losing(Told):
        """Loses a machine once both are at work."""

        def done(self, count, total=None, note=""):
            super().done(count, total, note)
            if "2 workers" in note and not lost:
                lost.append(count)
                threading.Thread(target=lose, args=[two_nodes]).start()

    lost: list[int] = []
    progress = Losing()
    found = predict(SOURCES, "slow.onnx", output="out", on="ray", progress=progress)
    assert near(found.rows(), predict(SOURCES, "fast.onnx").rows())
    assert progress.counts[-1] == found.images
    assert len(progress.counts) == len(list(Path("out").glob("part-*.parquet")))
    assert [line for line in progress.lines if "was lost: its part is done again" in line]
    assert len(progress.lines) == 1
    assert (Path("out") / MANIFEST).exists()
