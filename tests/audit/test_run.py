import csv
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hemascope.audit.findings import KIND_NAMES, each_finding
from hemascope.audit.run import FOLDER, Audited, audit_into, check_output, fingerprint, join, read_record, write_record
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source
from hemascope.errors import HemascopeError, SourceError
from tests.data.pictures import noise, write_png

from .by_hand import audit_by_hand
from .planted import plant


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("planted") / "cells")


@pytest.fixture(scope="module")
def first(cells: Path) -> Audited:
    return audit_into(cells.parent / "audit", open_source(cells))


@pytest.fixture
def folder(cells: Path, first: Audited, tmp_path: Path) -> Path:
    """A copy of the finished audit."""
    copy = tmp_path / "audit"
    for path in (cells.parent / "audit").rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(cells.parent / "audit")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return copy


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def edit(path: Path, change: Callable[[dict[str, str]], str]) -> None:
    table = rows(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table[0].keys())
        writer.writeheader()
        writer.writerows({**row, "verdict": change(row)} for row in table)


def verdicts(outcome: Audited) -> dict[tuple[str, str], str]:
    ids = outcome.audit.manifest.ids
    found = each_finding(outcome.audit.findings)
    return {("/".join(Path(ids[one.row]).parts[-2:]), one.kind): one.verdict for one in found}


@pytest.mark.parametrize("kind", ["folder", "csv", "parquet", "manifest"])
def test_classes_of_two_sources_that_would_be_called_alike_are_refused(tmp_path: Path, kind: str) -> None:
    def source(name: str, *labels: str) -> Manifest:
        for label in labels:
            write_png(tmp_path / name / label / "1.png", noise(0, 2, 2))
        if kind == "csv":
            lines = [f"{label}/1.png,{label}" for label in labels]
            (tmp_path / name / "list.csv").write_text("\n".join(["path,label", *lines]))
            return open_source(tmp_path / name / "list.csv")
        if kind == "parquet":
            images = [(tmp_path / name / label / "1.png").read_bytes() for label in labels]
            pq.write_table(pa.table({"image": images, "label": list(labels)}), tmp_path / name / "train.parquet")
            return open_source(tmp_path / name / "train.parquet")
        manifest = open_source(tmp_path / name)
        if kind == "manifest":
            manifest.write(tmp_path / f"{name}.parquet")
            return open_source(tmp_path / f"{name}.parquet")
        return manifest

    one, other, third = source("one", "CD4+", "CD8"), source("other", "CD4-", "CD8"), source("third", "cd4+", "cd8")
    with pytest.raises(SourceError, match=r"against .*: the classes 'CD4\+' and 'CD4-' would both be called 'cd4'"):
        join(one, other)
    assert join(one, third).classes == ("cd4", "cd8")


def test_the_tables_hold_what_was_planted(cells: Path, first: Audited) -> None:
    found = verdicts(first)
    assert found["lymphocyte/4.png", "undecodable"] == "drop"
    assert found["basophil/0.png", "identical"] == "keep"
    assert found["basophil/copy.png", "identical"] == "drop"
    for name in ("monocyte/5.png", "platelet/disputed.png"):
        assert found[name, "conflict"] == "review"
    folder = cells.parent / "audit"
    table = rows(folder / "findings.csv")
    assert list(table[0]) == ["path", "kind", "score", "reason", "related", "verdict", "label"]
    about = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert [row["path"] for row in about["findings"]] == [row["path"] for row in table]
    scores = rows(folder / "scores.csv")
    assert set(scores[0]) == {"path", *KIND_NAMES}
    assert [row["path"] for row in scores] == first.audit.manifest.ids.tolist()
    assert all(0 <= float(row[kind]) <= 1 for row in scores for kind in KIND_NAMES)
    assert not first.reused
    assert first.edits == 0


def test_taken_up_again_without_work(cells: Path, folder: Path) -> None:
    edit(folder / "findings.csv", lambda row: "keep" if "copy" in row["path"] else row["verdict"])
    by_user = (folder / "findings.csv").read_bytes()
    again = audit_into(folder, open_source(cells), reuse=True)
    assert again.reused
    assert again.edits == 1
    assert verdicts(again)["basophil/copy.png", "identical"] == "keep"
    assert (folder / "findings.csv").read_bytes() == by_user
    about = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert {row["verdict"] for row in about["findings"] if "copy" in row["path"]} == {"keep"}
    third = audit_into(folder, open_source(cells), reuse=True)
    assert third.edits == 1


def test_edited_verdicts_outlive_a_new_audit_of_changed_images(cells: Path, folder: Path) -> None:
    edit(folder / "findings.csv", lambda row: "keep" if "copy" in row["path"] else row["verdict"])
    by_user = (folder / "findings.csv").read_bytes()
    fewer = open_source(cells)
    fewer = fewer.rows(~fewer.table["path"].str.endswith("disputed.png"))
    again = audit_into(folder, fewer, reuse=True)
    assert not again.reused
    assert again.edits == 1
    found = verdicts(again)
    assert found["basophil/copy.png", "identical"] == "keep"
    assert ("monocyte/5.png", "conflict") not in found
    assert (folder / "findings-before.csv").read_bytes() == by_user
    assert not [row for row in rows(folder / "findings.csv") if "disputed" in row["path"]]


def test_another_table_goes_before_the_one_in_the_folder(cells: Path, folder: Path, tmp_path: Path) -> None:
    edit(folder / "findings.csv", lambda row: "keep" if "copy" in row["path"] else row["verdict"])
    given = tmp_path / "mine.csv"
    given.write_text(
        f"path,kind,verdict\n{cells}/basophil/copy.png,identical,review\n{cells}/neutrophil/6.png,junk,drop\n"
    )
    again = audit_into(folder, open_source(cells), findings_file=given, reuse=True)
    assert again.reused
    found = verdicts(again)
    assert found["basophil/copy.png", "identical"] == "review"
    assert found["neutrophil/6.png", "junk"] == "drop"


def test_a_faulty_table_stops_before_the_work(cells: Path, tmp_path: Path) -> None:
    (tmp_path / "findings.csv").write_text("path,kind,verdict\nx,blur,gone\n")
    with pytest.raises(SourceError, match="line 2 has the verdict 'gone'"):
        audit_into(tmp_path, open_source(cells))
    assert [path.name for path in tmp_path.iterdir()] == ["findings.csv"]


def test_a_folder_that_cannot_take_an_audit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HemascopeError, match="not a folder"):
        check_output(tmp_path / "file")
    with pytest.raises(HemascopeError, match="lies inside the source"):
        check_output(tmp_path / "cells" / ".." / "audit", str(tmp_path))
    check_output(tmp_path / "audit", str(tmp_path / "cells"), "synthetic:16")


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


def made(name: str, labels: list[str], classes: list[str], splits: list[str] | None = None, **about: str) -> Manifest:
    paths = [f"/{name}/{i}.png" for i in range(len(labels))]
    return Manifest.build(paths, labels, classes, splits=splits, name=name, **about)


def test_sets_without_splits_are_train_and_test() -> None:
    one = made("train", ["a", "b"], ["a", "b"], licence="CC0").with_columns(group=[3, -1])
    other = made("test", ["c", "a"], ["a", "c"], licence="MIT", attribution="me").with_columns(group=[0, -1])
    both = join(one, other)
    assert list(both.table["split"]) == ["train", "train", "test", "test"]
    assert list(both.table.index) == [0, 1, 2, 3]
    assert both.classes == ("a", "b", "c")
    assert both.targets().tolist() == [0, 1, 2, 0]
    assert both.table["group"].tolist() == [3, -1, 4, -1]
    assert (both.name, both.licence, both.attribution) == ("train against test", "CC0; MIT", "me")


def test_splits_that_a_source_names_stay() -> None:
    one = made("one", ["a", "b"], ["a", "b"], ["train", "val"])
    both = join(one, made("two", ["a", "b"], ["a", "b"]))
    assert list(both.table["split"]) == ["train", "val", "test", "test"]
    back = join(made("two", ["a", "b"], ["a", "b"]), one)
    assert list(back.table["split"]) == ["train", "train", "train", "val"]


def test_the_blood_classes_keep_their_order() -> None:
    both = join(made("one", ["platelet"], [*BLOOD_CLASSES[4:]]), made("two", ["basophil"], [*BLOOD_CLASSES[:4]]))
    assert both.classes == BLOOD_CLASSES
