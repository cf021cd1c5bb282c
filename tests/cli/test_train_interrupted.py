"""Trainings that two processes share, ended by a real Ctrl-C and gone on with."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from hemascope.cli import main
from tests.pipeline.conftest import quick_finish  # noqa: F401

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
    pytest.mark.timeout(900),  # several processes begin, which a busy machine takes its time for
]

COMMAND = [sys.executable, "-c", "from hemascope.cli import main; main()"]
SMALL = ["network=test_efficientnet", "pretrained=false", "input_size=32", "batch_size=16", "epochs=3"]
TRAIN = ["train", "synthetic:96", "-r", "demo", *(f"--set={key}" for key in SMALL), "--device", "cpu", "-o", "run"]
TORCHRUN = [
    sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
    "--log-dir", "logs", "--redirects", "3", "--no-python",
]  # fmt: skip


def interrupted(folder: Path, *command: str) -> tuple[int, str]:
    """Ctrl-C as a terminal sends it, once there is a checkpoint; the exit code and what was said, when all are gone."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, start_new_session=True, env=environment
        )
    checkpoint, deadline = folder / "run" / "checkpoints" / "last.ckpt", time.monotonic() + 600
    while process.poll() is None and not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, (folder / "said").read_text()
    others = psutil.Process(process.pid).children(recursive=True)
    assert len(others) >= (1 if "--devices" in command else 2)
    os.killpg(process.pid, signal.SIGINT)
    code = process.wait(timeout=60)
    _, left = psutil.wait_procs(others, timeout=10)
    assert not left
    return code, (folder / "said").read_text()


@pytest.mark.parametrize("by", ["devices", "torchrun"])
def test_ctrl_c_ends_all_processes_and_the_training_goes_on(
    by: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quick_finish: Any,  # noqa: F811
) -> None:
    if by == "devices":
        code, said = interrupted(tmp_path, *COMMAND, *TRAIN, "--devices", "2")
        assert code == 130
    else:
        code, _ = interrupted(tmp_path, *TORCHRUN, *COMMAND, *TRAIN)
        assert code == 1  # torchrun's own, which has a traceback of its own as well
        logs = sorted((tmp_path / "logs").rglob("std*.log"))
        assert len(logs) == 4
        said = "".join(log.read_text() for log in logs)
    assert said.count("Stopped. Go on with: hemascope train --resume run\n") == 1
    assert said.endswith("--resume run\n") or by == "torchrun"
    assert "Traceback" not in said
    assert "error" not in said.lower()
    assert not list(tmp_path.rglob("*.tmp*"))

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["train", "--resume", "run", "--device", "cpu"])
    assert not end.value.code
    assert (tmp_path / "run" / "model.onnx").exists()
