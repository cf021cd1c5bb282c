"""Files are whole or not there, and what keeps them from being written is said in words."""

import errno
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from hemascope.errors import WriteError
from hemascope.files import atomic, write_error, write_text, writing

LIMITED = """
import resource, sys
from pathlib import Path
from hemascope.errors import WriteError
from hemascope.files import atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with atomic(Path(sys.argv[1])) as temporary:
        {write}
except WriteError as problem:
    print(problem)
"""


def limited(path: Path, write: str) -> str:
    """What a process says that may write files of 0.2 MB at most."""
    code = LIMITED.format(write=write)
    return subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "write",
    [
        "temporary.write_bytes(bytes(300_000))",
        "import numpy; numpy.save(temporary, numpy.zeros(300_000))",
        "raise RuntimeError(temporary.write_bytes(bytes(200_000)))",  # as a library hides the machine's error
    ],
)
def test_a_file_that_may_not_be_larger_is_said(tmp_path, write):
    (tmp_path / "a.npy").write_text("before")
    said = limited(tmp_path / "a.npy", write)
    assert "a.npy: cannot be written: larger than a file may be here (this process is limited to 0.2 MB)" in said
    assert "ulimit -f unlimited" in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
    assert (tmp_path / "a.npy").read_text() == "before"


def _zip(path: Path) -> None:
    with ZipFile(path, "w") as file:
        file.writestr("a", bytes(MANY))


def _rows() -> pd.DataFrame:
    return pd.DataFrame({"a": np.random.default_rng(0).random(MANY // 8)})


def _model() -> onnx.ModelProto:
    weights = onnx.numpy_helper.from_array(np.ones(MANY // 8), "w")
    return onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], [weights]))


MANY, MOST = 3_000_000, 1_000_000

WRITERS: dict[str, Callable[[Path], Any]] = {
    "a.pt": lambda path: torch.save(torch.zeros(MANY // 4), path),
    "a.npy": lambda path: np.save(path, np.zeros(MANY // 8)),
    "a.npz": lambda path: np.savez(path, a=np.zeros(MANY // 8)),
    "a.parquet": lambda path: pq.write_table(pa.Table.from_pandas(_rows()), path),
    "b.parquet": lambda path: _rows().to_parquet(path),
    "a.csv": lambda path: _rows().to_csv(path),
    "a.onnx": lambda path: onnx.save(_model(), path),
    "a.png": lambda path: Image.effect_noise((1500, 1500), 99).save(path),
    "a.zip": _zip,
}


@pytest.fixture
def one_megabyte() -> Iterator[None]:
    """Files of this process may be no larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # zipfile tries again in its __del__
@pytest.mark.parametrize("name", WRITERS)
def test_whatever_writes_it_is_said(tmp_path: Path, name: str, one_megabyte: None) -> None:
    said = rf"{name}: cannot be written: larger than a file may be here .* 1\.0 MB"
    with pytest.raises(WriteError, match=said), atomic(tmp_path / name) as temporary:
        WRITERS[name](temporary)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_with_what_to_do(tmp_path):
    with (
        pytest.raises(
            WriteError, match=r"out\.csv: cannot be written: the disk of /.* is full \([\d,]+ MB free\)\. "
        ) as got,
        writing(tmp_path / "out.csv", then="Then: --resume."),
    ):
        Path("/dev/full").write_bytes(b"0")
    assert got.value.remedy == "Make room there, or name a place on another disk. Then: --resume."


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EDQUOT, "your quota"), (errno.EROFS, "is read-only"), (errno.EACCES, "you lack the permission")],
)
def test_other_refusals_are_said(tmp_path, number, words):
    assert words in write_error(OSError(number, "?"), tmp_path / "a.csv").problem


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"a\.txt: cannot be written \((File exists|Not a directory)\)"):
        write_text(tmp_path / "file" / "a.txt", "")


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(ValueError, match="not of the disk"), atomic(tmp_path / "a.csv"):
        raise ValueError("not of the disk")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    code = "import sys, time; from pathlib import Path; from hemascope.files import atomic\n"
    code += "with atomic(Path(sys.argv[1])): print('begun', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "model.onnx"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (left,) = tmp_path.iterdir()
        mine = [tmp_path / ".model-original.onnx", tmp_path / ".model-original.tmp.csv"]
        for path in mine:
            path.touch()
        write_text(tmp_path / "model.onnx", "")
        assert left.exists(), "it is being written"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.exists()
    write_text(tmp_path / "model.onnx", "")
    assert {*tmp_path.iterdir()} == {*mine, tmp_path / "model.onnx"}


def test_files_are_ordinary_ones(tmp_path):
    write_text(tmp_path / "a.txt", "")
    (tmp_path / "b.txt").touch()
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode
