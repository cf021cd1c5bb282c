"""A Ray cluster of two machines of one core each, both of them on this one."""

from collections.abc import Iterator
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
