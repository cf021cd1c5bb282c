import csv
import json
from pathlib import Path

import pytest

from hemascope.audit.findings import KIND_NAMES, Finding, each_finding, findings_table
from hemascope.audit.findings_file import (
    COLUMNS,
    read_findings_csv,
    write_findings_csv,
    write_findings_json,
)
from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError

FOUND = [
    Finding(0, "identical", 1.0, 'the same, "quite"', (1, 2), "keep"),
    Finding(1, "identical", 1.0, "the same\nagain", (0, 2), "drop"),
    Finding(2, "blur", 0.1234, "ö, °", (), "review"),
    Finding(2, "label", 0.9, "looks like y", (), "relabel", "y"),
]


@pytest.fixture
def manifest() -> Manifest:
    paths = ["/cells/a b.png", "/cells/ü,1.png", "/cells/set.npz"]
    return Manifest.build(paths, ["x", "y", "x"], ["x", "y"], members=["", "", "train/7"], name="cells")


def read(tmp_path: Path, manifest: Manifest, text: str) -> list[Finding]:
    (tmp_path / "findings.csv").write_text(text, encoding="utf-8")
    return list(each_finding(read_findings_csv(tmp_path / "findings.csv", manifest)))


def test_written_and_read_back(tmp_path: Path, manifest: Manifest) -> None:
    path = tmp_path / "audit" / "findings.csv"
    write_findings_csv(path, findings_table(FOUND), manifest)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS == ("path", "kind", "score", "reason", "related", "verdict", "label")
    assert rows[1]["related"] == "/cells/ü,1.png|/cells/set.npz#train/7"
    assert rows[3]["path"] == "/cells/set.npz#train/7"
    assert (rows[0]["verdict"], rows[0]["label"]) == ("relabel", "y")
    assert list(each_finding(read_findings_csv(path, manifest))) == [FOUND[3], *FOUND[:3]]
    assert [entry.name for entry in path.parent.iterdir()] == ["findings.csv"]


def test_paths_that_are_formulas_are_defused_and_come_back(tmp_path: Path) -> None:
    names = ["=1.png", "@a\r.png", "'-b.png"]
    relative = Manifest.build(names, ["x", "y", "x"], ["x", "y"])
    found = [Finding(row, "identical", 1.0, "+the same", (row - 1,), "keep") for row in (1, 2)]
    write_findings_csv(tmp_path / "findings.csv", findings_table(found), relative)
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("'@a\r.png", "'+the same", "'=1.png"), ("''-b.png", "'+the same", "'@a\r.png"),
    ]  # fmt: skip
    assert list(each_finding(read_findings_csv(tmp_path / "findings.csv", relative))) == found


def test_no_findings_and_back(tmp_path: Path, manifest: Manifest) -> None:
    write_findings_csv(tmp_path / "findings.csv", findings_table([]), manifest)
    assert not len(read_findings_csv(tmp_path / "findings.csv", manifest))


def test_json_holds_the_same_rows(tmp_path: Path, manifest: Manifest) -> None:
    write_findings_json(tmp_path / "findings.json", findings_table(FOUND), manifest, ["few monocytes"])
    about = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert (about["format_version"], about["source"], about["images"]) == (1, "cells", 3)
    assert about["notes"] == ["few monocytes"]
    assert about["counts"] == {"label": 1, "identical": 2, "blur": 1}
    assert tuple(about["findings"][0]) == COLUMNS
    assert about["findings"][1]["related"] == ["/cells/ü,1.png", "/cells/set.npz#train/7"]
    assert about["findings"][3]["score"] == 0.1234
    assert (about["findings"][0]["verdict"], about["findings"][0]["label"]) == ("relabel", "y")


def test_a_spreadsheet_may_have_gone_over_it(tmp_path: Path, manifest: Manifest) -> None:
    text = '\ufeffVerdict;Kind;Path;Score\n Drop ;BLUR;/cells/a b.png;0,5\n;;;\nkeep;leak;"/cells/ü,1.png";\n'
    assert read(tmp_path, manifest, text) == [
        Finding(1, "leak", 1.0, "", (), "keep"),
        Finding(0, "blur", 0.5, "", (), "drop"),
    ]


def test_a_label_is_read_in_any_spelling_of_its_class(tmp_path: Path) -> None:
    manifest = Manifest.build(["/a.png"], ["monocyte"], ["monocyte", "immature_granulocyte"])
    (found,) = read(tmp_path, manifest, "path,kind,verdict,label\n/a.png,blur,relabel,Immature granulocyte\n")
    assert (found.verdict, found.label) == ("relabel", "immature_granulocyte")


def test_related_images_that_are_not_there_are_passed_over(tmp_path: Path, manifest: Manifest) -> None:
    text = "path,kind,related,verdict\n/cells/a b.png,leak,/gone.png|/cells/ü\\,1.png|/cells/set.npz#train/7,drop\n"
    (found,) = read(tmp_path, manifest, text.replace("ü\\,1", "gone"))
    assert found.related == (2,)


def test_a_path_that_a_set_lists_twice(tmp_path: Path) -> None:
    manifest = Manifest.build(["/a.png", "/b.png", "/a.png"], ["x", "x", "y"], ["x", "y"])
    found = [Finding(0, "conflict", 1.0, "", (2,), "keep"), Finding(2, "conflict", 1.0, "", (0,), "drop")]
    write_findings_csv(tmp_path / "findings.csv", findings_table(found), manifest)
    read_back = list(each_finding(read_findings_csv(tmp_path / "findings.csv", manifest)))
    assert [(one.row, one.verdict) for one in read_back] == [(0, "keep"), (2, "drop")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"findings\.csv: the file is empty\. Its first line names the columns: path,kind,score"),
        (
            "path,kind,score\n",
            r"no column 'verdict'; its columns are path, kind, score\. The columns are path, kind, s",
        ),
        (
            "path,kind,verdict\n/cells/a b.png,blur,keep\n/cells/a b.png,blury,keep\n",
            rf"line 3 has the kind 'blury'\. Valid: {', '.join(KIND_NAMES)}\. Did you mean blur\?",
        ),
        (
            "path,kind,verdict\n/cells/a b.png,blur,Remove\n",
            r"line 2 has the verdict 'Remove'\. Valid: keep, review, relabel, drop",
        ),
        (
            "path,kind,verdict\n/cells/a b.png,label,relabel\n",
            r"line 2 says relabel, but not as what\. Write the class into the column label: x, y",
        ),
        ("path,kind,verdict,label\n/cells/a b.png,label,relabel,z\n", r"line 2 has the label 'z'\. Valid: x, y"),
        ("path,kind,verdict\n/cells/a b.png,blur,\n", r"line 2 has the verdict ''"),
        (
            "path,kind,verdict\n/cells/a_b.png,blur,keep\n",
            r"line 2 names '/cells/a_b\.png', which is no image of the audited source\. Did you mean /cells/a b\.png\?",
        ),
        ("path,kind,verdict\nx,blur,keep\n", r"no image of the audited source\. Write paths as the audit writes them"),
        ("path,kind,score,verdict\n/cells/a b.png,blur,high,keep\n", r"line 2 has the score 'high'"),
        ("path,kind,score,verdict\n/cells/a b.png,blur,1.5,keep\n", r"A score is a number from 0 to 1"),
        ("path,kind,verdict\n/cells/a b.png,blur\n", "line 2 has 2 columns, the header 3"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, manifest: Manifest, text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read(tmp_path, manifest, text)
