"""An audit whose long steps are shared out: the same findings, whoever does them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hemascope.audit import neighbours, spread
from hemascope.audit.audit import audit
from hemascope.audit.duplicates import search
from hemascope.audit.findings import Audit
from hemascope.audit.spread import Spread, parts_of
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source
from hemascope.engine.tasks import Here
from hemascope.pipeline.audit import audit as audit_source
from tests.cluster import kill_worker
from tests.told import Told

from .planted import plant


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("spread") / "cells", 32)


@pytest.fixture(scope="module")
def alone(cells: Path) -> Audit:
    return audit(open_source(cells))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "_FEWEST", 10)
    monkeypatch.setattr(neighbours, "_ASKED", 9)
    monkeypatch.setattr(search, "_PAIRS", 7)


def assert_same(one: Audit, other: Audit) -> None:
    pd.testing.assert_frame_equal(one.findings, other.findings)
    pd.testing.assert_frame_equal(one.scores, other.scores)
    pd.testing.assert_frame_equal(one.manifest.table, other.manifest.table)
    np.testing.assert_array_equal(one.positions, other.positions)
    assert one.notes == other.notes


@pytest.mark.usefixtures("small_parts")
def test_by_parts_the_same_is_found_and_finished_parts_are_taken_up(
    cells: Path, alone: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    extract = spread.extract_features

    def counted(manifest: Manifest, *more: Any) -> object:
        seen.append(len(manifest))
        return extract(manifest, *more)

    monkeypatch.setattr(spread, "extract_features", counted)
    source = open_source(cells)
    assert_same(audit(source, spread=Spread(Here(), tmp_path)), alone)
    assert seen == [10, 10, 10, 4]
    (tmp_path / "features-0002.npz").unlink()
    again = Spread(Here(), tmp_path).features(source)
    assert seen[4:] == [10]
    assert again.manifest.table["error"].tolist() == alone.manifest.table["error"].tolist()


def test_parts_cover_all_rows_and_are_no_more_than_threads_can_watch() -> None:
    for n in (0, 1, 1_024, 1_025, 10_000_019):
        parts = parts_of(n)
        assert [row for part in parts for row in (part.start, part.stop)][1:-1] == [
            row for part in parts[1:] for row in (part.start, part.start)
        ]
        assert len(parts) <= 512
        assert not n or (parts[0].start, parts[-1].stop) == (0, n)


class Killing(Told):
    """Kills the worker of the first part that is at work."""

    killed = ""

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        super().done(count, total, note)
        name = note.partition(":")[0]
        if not self.killed and name and kill_worker(name):
            self.killed = name


def test_the_workers_of_a_cluster_find_the_same_though_one_is_killed(
    cells: Path, alone: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'hemascope[ray]'")
    monkeypatch.setattr(spread, "_FEWEST", 17)
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else a busy machine leaves its workers no time
    told = Killing()
    done = audit_source(cells, output=tmp_path / "audit", on="ray", cores_each=1, progress=told)
    assert [line.rpartition(" on ")[0] for line in told.said if "lost" in line] == [
        f"{told.killed}: its worker was lost; it goes on from its checkpoint"
    ]
    assert_same(done.audit, alone)
    assert {"looking at the images", "looking for copies"} <= {name for name, _ in told.steps}
    assert not (tmp_path / "audit" / "parts").exists()
