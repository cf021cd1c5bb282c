from pathlib import Path

import pytest

from hemascope.errors import HemascopeError
from hemascope.pipeline.audit import AuditOutcome, audit
from tests.audit.planted import plant
from tests.told import Told


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("planted") / "cells")


@pytest.fixture(scope="module")
def first(cells: Path) -> tuple[AuditOutcome, Told]:
    told = Told()
    return audit(cells, output=cells.parent / "audit", fail_on="identical, leak", progress=told), told


def test_the_outcome_says_what_was_found_and_where(first: tuple[AuditOutcome, Told], cells: Path) -> None:
    outcome, told = first
    assert outcome.page == cells.parent / "audit" / "audit.html"
    assert outcome.page.is_file()
    assert outcome.findings_file.is_file()
    assert (outcome.edits, outcome.reused) == (0, False)
    assert outcome.cleaned is outcome.cleaned_file is None
    assert outcome.failures == {"identical": 3}  # a copy in its class, and the two images under other labels
    assert outcome.command == f"hemascope audit {cells} -o {cells.parent / 'audit'}"
    steps = dict(told.steps)
    assert list(steps) == [
        "reading images", "looking at the images", "looking for images that are alike", "looking for copies",
        "judging the images", "looking at the cells again", "checking the labels", "drawing the map",
    ]  # fmt: skip
    assert steps["reading images"] == 98
    assert ("looking at the images", 97, 97) in told.counts


def test_a_notebook_shows_counts_by_kind(first: tuple[AuditOutcome, Told], cells: Path) -> None:
    shown = first[0]._repr_html_()
    assert "cells: 98 images, 97 readable" in shown
    assert "<th>keep</th><th>review</th><th>relabel</th><th>drop</th>" in shown
    assert "<td>undecodable</td><td>1</td><td>0</td><td>0</td><td>0</td><td>1</td>" in shown
    assert "<b>Identical images</b>: " in shown
    assert 'src="data:image/jpeg;base64,' in shown
    assert f"Page: {cells.parent / 'audit' / 'audit.html'}" in shown


def test_apply_takes_the_audit_up_again_and_gives_the_cleaned_manifest(
    first: tuple[AuditOutcome, Told], cells: Path
) -> None:
    outcome = audit(cells, output=cells.parent / "audit", apply=True)
    assert outcome.reused
    assert outcome.cleaned is not None
    assert len(outcome.cleaned) == 98
    assert outcome.cleaned.usable.sum() == 94  # but a copy, the two under dispute and the one cut short
    assert outcome.cleaned_file == cells.parent / "audit" / "cleaned.parquet"
    assert outcome.cleaned_file.is_file()
    assert outcome.failures == {}


def test_a_kind_that_is_not_known_stops_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(HemascopeError, match="no finding is of the kind 'copies'"):
        audit("synthetic:16", output=tmp_path / "audit", fail_on="blur,copies")
    assert list(tmp_path.iterdir()) == []
