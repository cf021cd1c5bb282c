import os
from pathlib import Path

import numpy as np
import pandas as pd

from hemascope.audit.record import FOLDER, fingerprint, read_record, write_record
from hemascope.data.sources import open_source

from .by_hand import audit_by_hand


def test_what_is_recorded_comes_back(tmp_path: Path) -> None:
    audit = audit_by_hand(tmp_path / "images")
    write_record(tmp_path / "audit", audit, "mark")
    record = read_record(tmp_path / "audit")
    assert record is not None
    assert record.source == "mark"
    back = record.audit
    assert back.manifest.table.equals(audit.manifest.table)
    assert back.manifest.classes == audit.manifest.classes
    pd.testing.assert_frame_equal(back.findings, audit.findings)
    pd.testing.assert_frame_equal(back.scores, audit.scores)
    np.testing.assert_array_equal(back.positions, audit.positions)
    assert (back.notes, back.seconds) == (audit.notes, audit.seconds)


def test_a_record_that_is_not_whole_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    audit = audit_by_hand(tmp_path / "images")
    for name in ("about.json", "manifest.parquet", "findings.parquet", "scores.parquet", "positions.npy"):
        write_record(tmp_path, audit, "mark")
        (tmp_path / FOLDER / name).write_bytes(b"{}")
        assert read_record(tmp_path) is None
        (tmp_path / FOLDER / name).unlink()
        assert read_record(tmp_path) is None


def test_the_fingerprint_changes_with_the_images_and_their_rows(tmp_path: Path) -> None:
    source = audit_by_hand(tmp_path / "images", 16, ()).manifest
    before = fingerprint(source)
    assert fingerprint(source) == before
    assert fingerprint(source.rows(np.arange(15))) != before
    assert fingerprint(source.with_columns(split=["test"] * 16)) != before
    touched = Path(source.table["path"].iloc[3])
    touched.write_bytes(touched.read_bytes() + b" ")
    after = fingerprint(source)
    assert after != before
    os.utime(touched, (1, 1))
    assert fingerprint(source) != after
    touched.unlink()
    assert fingerprint(source) != after
    assert fingerprint(open_source("synthetic:16")) == fingerprint(open_source("synthetic:16"))
