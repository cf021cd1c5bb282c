import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hemascope.audit.findings import KIND_NAMES, each_finding
from hemascope.audit.job import Outcome, audit_into, check_output
from hemascope.data.sources import open_source
from hemascope.errors import HemascopeError, SourceError

from .planted import plant


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("planted") / "cells")


@pytest.fixture(scope="module")
def first(cells: Path) -> Outcome:
    return audit_into(cells.parent / "audit", open_source(cells))


@pytest.fixture
def folder(cells: Path, first: Outcome, tmp_path: Path) -> Path:
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


def verdicts(outcome: Outcome) -> dict[tuple[str, str], str]:
    ids = outcome.audit.manifest.ids
    found = each_finding(outcome.audit.findings)
    return {("/".join(Path(ids[one.row]).parts[-2:]), one.kind): one.verdict for one in found}


def test_the_tables_hold_what_was_planted(cells: Path, first: Outcome) -> None:
    found = verdicts(first)
    assert found["lymphocyte/4.png", "undecodable"] == "drop"
    assert found["basophil/0.png", "identical"] == "keep"
    assert found["basophil/copy.png", "identical"] == "drop"
    for name in ("monocyte/5.png", "platelet/disputed.png"):
        assert found[name, "conflict"] == "review"
    folder = cells.parent / "audit"
    table = rows(folder / "findings.csv")
    assert list(table[0]) == ["path", "kind", "score", "reason", "related", "verdict"]
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
