"""A real Ray cluster of two machines on loopback, which tests start, shoot at and stop."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hemascope.engine.cluster import cluster

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = {
    "RAY_worker_niceness": "0",  # Ray's own 15 starves its workers on a machine that is busy with other tests
    "RAY_raylet_start_wait_time_s": "250",
    "RAY_enable_metrics_collection": "0",
    "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
}
QUICK = {"health_check_period_ms": 300, "health_check_timeout_ms": 3000, "health_check_failure_threshold": 3}
"""A machine that is gone is noticed in seconds."""


class TwoMachines:
    """A cluster; the second machine may be killed and joined anew.

    Attributes:
        address: to connect to by ``on=``.
    """

    def __init__(self, cores: int = 1) -> None:
        from ray.cluster_utils import Cluster

        self._cores = cores
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": cores, "object_store_memory": 80 << 20, "include_dashboard": False, "_system_config": QUICK,
            },
        )  # fmt: skip
        self.address = self._cluster.address
        self._second: Any = None

    def join(self) -> None:
        """Let a second machine join, unless it is there."""
        if self._second is None:
            self._second = self._cluster.add_node(
                num_cpus=self._cores, object_store_memory=80 << 20, node_ip_address="127.0.0.2"
            )

    def kill(self) -> None:
        """Kill the second machine as a power cut would."""
        if self._second is not None:
            self._cluster.remove_node(self._second, allow_graceful=False)
            self._second = None

    def stop(self) -> None:
        """Stop all of it."""
        self._cluster.shutdown()


def two_machines() -> Iterator[TwoMachines]:
    """The cluster, for the length of a module's tests; connected, so that its workers stay warm between them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():  # some are read when Ray is imported
            patch.setenv(name, value)
        patch.delenv("RAY_ADDRESS", raising=False)
        pytest.importorskip("ray", reason="Ray is not installed: pip install 'hemascope[ray]'")
        started = TwoMachines()
        try:
            started.join()
            with cluster(started.address):
                yield started
        finally:
            started.stop()


machines = pytest.fixture(scope="module")(two_machines)
