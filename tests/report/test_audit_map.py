from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hemascope.audit.findings import Finding, findings_table
from hemascope.audit.result import Audit
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.sources import open_source
from hemascope.report.audit_map import MARKS, MOST_MARKS, MOST_POINTS, draw_map, mark_of, set_map
from tests.audit.by_hand import audit_by_hand


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return audit_by_hand(tmp_path)


def test_every_image_with_a_place_is_a_point(audit: Audit) -> None:
    points = set_map(audit)
    assert points.images == len(points.positions) == 159  # one cannot be read
    rows = np.delete(np.arange(160), 6)
    np.testing.assert_array_equal(points.positions, audit.positions[rows])
    marks = {int(row): mark for row, mark in zip(rows, points.marks, strict=True) if mark}
    copies = dict.fromkeys((0, 1, 2, 3, 8, 105), "copies")
    assert marks == copies | {4: "doubtful label", 5: "no cell"}
    dropped = set(rows[points.dropped].tolist())
    assert dropped - {0, 8} == {1, 2, 3, 5}
    assert len(dropped & {0, 8}) == 1


def test_a_large_set_is_thinned_evenly_but_keeps_its_findings(audit: Audit) -> None:
    manifest = open_source("synthetic:20000")
    positions = np.stack([np.arange(20000), np.zeros(20000)], axis=1).astype(np.float32)
    found = findings_table(Finding(row, "junk", 1.0, "") for row in range(500))
    points = set_map(replace(audit, manifest=manifest, positions=positions, findings=found))
    assert (len(points.positions), points.images) == (MOST_POINTS, 20000)
    assert (points.marks == "no cell").sum() == 500
    assert np.diff(points.positions[500:, 0]).max() <= 20000 / (MOST_POINTS - 500) + 1
    found = findings_table(Finding(row, "junk", 1.0, "") for row in range(5000))
    points = set_map(replace(audit, manifest=manifest, positions=positions, findings=found))
    assert ((points.marks != "").sum(), len(points.positions)) == (MOST_MARKS, MOST_POINTS)


def test_drawn_as_small_svg(audit: Audit) -> None:
    drawn = str(draw_map(set_map(audit), BLOOD_CLASSES))
    assert 'aria-label="Map of 159 images' in drawn
    assert drawn.count("M ") >= 159
    assert len(drawn) < 40_000
    assert "var(--wrong)" in drawn
    assert "#4b3fa7" in drawn


def test_unlabelled_images_and_no_findings_are_drawn_too(audit: Audit) -> None:
    bare = replace(audit, manifest=audit.manifest.with_columns(label=[""] * 160), findings=findings_table([]))
    points = set_map(bare)
    assert set(points.marks) == {""}
    assert "var(--muted)" in draw_map(points, BLOOD_CLASSES)


def test_every_kind_has_a_mark() -> None:
    assert {mark_of(kind) for kind in ("leak", "junk", "label", "odd-size")} == set(MARKS)
