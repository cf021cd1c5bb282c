"""A Ray cluster of two machines of one core each, both of them on this one."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    """The cluster, to which this process is connected; skips where Ray is not installed."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'hemascope[ray]'")
    from ray.cluster_utils import Cluster

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("RAY_worker_niceness", "0")  # by 15, as it is, they would wait for every other test
    memory = {"object_store_memory": 100 << 20}
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **memory})
    try:
        nodes.add_node(num_cpus=1, **memory)
        ray.init(nodes.address, namespace="hemascope", log_to_driver=False, logging_level="ERROR")
        yield nodes
    finally:
        ray.shutdown()
        nodes.shutdown()
        monkeypatch.undo()


def lose(nodes: Any) -> None:
    """Lose the machine that the caller does not run on, as by a power cut."""
    nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)


def kill_worker(task: str) -> bool:
    """Kill the worker that runs a task, in a cluster that this process began; whether there is one."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(f"ray::{task}".encode()) and _is_ours(int(folder.name)):
                os.kill(int(folder.name), signal.SIGKILL)
                return True
    return False


def _is_ours(process: int) -> bool:
    """Whether a process descends from this one."""
    while process > 1 and process != os.getpid():
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process == os.getpid()
