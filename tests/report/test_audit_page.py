import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hemascope.audit.findings import Audit, Finding, findings_table
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.sources import open_source
from hemascope.report.audit_page import (
    MARKS,
    MOST_MARKS,
    MOST_POINTS,
    draw_before_after,
    draw_map,
    mark_of,
    set_map,
    write_audit_page,
)
from tests.audit.by_hand import audit_by_hand

from .test_page import Page

COMMAND = "hemascope audit cells -o audit"


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("made")
    audit = audit_by_hand(folder / "images")
    return write_audit_page(folder, audit, COMMAND, edits=2).read_text(encoding="utf-8")


def test_says_what_was_found_and_what_is_recommended(html: str) -> None:
    text = Page(html).text
    assert "hemascope audit: dots" in text
    assert "6 of 160 images are better left out, and 1 is worth a look." in text
    assert "Basophils are rare." in text
    assert "Images 160 Readable 159 Stay 154 Of these, for review 1 Left out 6 Of these, to be decided 2" in text
    assert "Leaks between splits 2 1 1 Copies of one image lie in more than one split" in text
    assert "Looked for and not found: blank fields, little in the image, too dark, too bright, odd sizes." in text
    assert "2 of the verdicts are your own." in text


def test_says_how_to_decide(html: str) -> None:
    text = Page(html).text
    assert f"{COMMAND} --apply" in text
    assert re.search(r"hemascope train \S+/cleaned\.parquet", text)
    assert "change the column verdict in" in text


def test_shows_each_kind_with_reasons_labels_and_verdicts(html: str) -> None:
    shown = Page(html)
    text = shown.text
    assert "Copies under different labels 2 images in 1 group" in text
    assert "mirrored copy of class_1/105.png 0.93" in text
    assert "a photograph: unlike all other images 0.99" in text
    pictures = shown.values("src")
    assert len(pictures) == 2 * 5 + 3 + 2  # five groups of copies, a label beside two others, junk and blur
    assert "cannot be shown" in text
    assert text.index("Leaks between splits 2 images") < text.index("Doubtful labels 1 image")


def test_classes_before_and_after(html: str) -> None:
    text = Page(html).text
    assert "Lymphocyte 20 0 20 1" in text
    assert "All 159 5 154 1" in text


def test_asks_for_nothing_from_outside(html: str) -> None:
    shown = Page(html)
    for address in shown.values("src", "href", "xlink:href", "action", "data", "srcset"):
        assert address.startswith(("#", "data:image/jpeg;base64,"))
    assert not re.search(r"https?:", html)
    assert not {"link", "iframe", "object"} & set(shown.tags)
    assert not re.search(r"fetch\(|XMLHttpRequest|import\s*\(|WebSocket|sendBeacon", html)
    ids = shown.values("id")
    assert len(ids) == len(set(ids))
    for target in shown.values("href", "aria-labelledby"):
        assert target.removeprefix("#") in ids


def test_a_clean_set(tmp_path: Path) -> None:
    audit = audit_by_hand(tmp_path / "images", 16, ())
    fine = replace(audit, manifest=audit.manifest.with_columns(error=[""] * 16), notes=())
    text = Page(write_audit_page(tmp_path, fine, COMMAND).read_text()).text
    assert "Nothing is wrong with these 16 images, as far as an audit can see." in text
    assert "your own" not in text


def test_without_a_map(tmp_path: Path) -> None:
    audit = audit_by_hand(tmp_path / "images", 16, ())
    bare = replace(audit, positions=np.full((16, 2), np.nan, np.float32))
    assert "Map of the set" not in Page(write_audit_page(tmp_path, bare, COMMAND).read_text()).text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    audit = audit_by_hand(tmp_path / "images", 16, ())
    manifest = audit.manifest
    paths = manifest.table["path"].tolist()
    paths[1] = "/x/<script>alert(1)</script>.png"
    hostile = replace(
        manifest.with_columns(path=paths, label=["<b>bold</b>"] * 16),
        name="<i>set</i>",
        classes=("<b>bold</b>", "a$b$"),
    )
    found = findings_table([Finding(1, "junk", 1.0, "<script>alert(2)</script>")])
    page = write_audit_page(tmp_path, replace(audit, manifest=hostile, findings=found, notes=("<u>",)), "<s>")
    shown = Page(page.read_text())
    assert not {"b", "i", "u", "s"} & set(shown.tags)
    assert shown.tags.count("script") == 2  # ours
    assert "<script>alert(2)</script>" in shown.text


def test_a_page_stays_small_and_is_the_same_each_time(tmp_path: Path) -> None:
    audit = audit_by_hand(tmp_path / "images", 800, ())
    kinds = ("junk", "label", "blur", "dark", "bright", "blank", "odd-size", "low-information")
    found = findings_table(Finding(row, kind, 0.5, "why") for kind in kinds for row in range(800))
    page = write_audit_page(tmp_path, replace(audit, findings=found), COMMAND)
    first = page.read_text()
    assert len(first) < 3_000_000
    assert "And 740 more in findings.csv." in first
    assert write_audit_page(tmp_path, replace(audit, findings=found), COMMAND).read_text() == first


def test_drawn_with_words_for_those_who_do_not_see_it() -> None:
    counts = pd.DataFrame(
        {"before": [30, 20, 5], "dropped": [10, 0, 5], "after": [20, 20, 0], "review": [3, 0, 0]},
        index=["monocyte", "platelet", ""],
    )
    drawn = draw_before_after(counts)
    words = "Images by class: Monocyte 30 before and 20 after, Platelet 20 before and 20 after, No label 5 before"
    assert f'aria-label="{words} and 0 after."' in drawn
    assert "stays, for review" in drawn


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
