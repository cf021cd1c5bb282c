from pathlib import Path

import numpy as np
import pytest

from hemascope.audit.findings import KIND_NAMES, Finding, each_finding, findings_table
from hemascope.audit.verdicts import copy_groups, image_verdicts, recommend
from hemascope.data.manifest import Manifest


def images(n: int = 6, **columns: list) -> Manifest:
    names = [f"/nowhere/{i}.png" for i in range(n)]
    return Manifest.build(names, ["a", "b"] * (n // 2), ["a", "b"], **columns)


def group(kind: str, *rows: int) -> list[Finding]:
    return [Finding(row, kind, 1.0, "", tuple(other for other in rows if other != row)) for row in rows]


def verdicts(manifest: Manifest, *found: Finding) -> dict[tuple[int, str], str]:
    table = recommend(findings_table(found), manifest)
    return {(found.row, found.kind): found.verdict for found in each_finding(table)}


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_kind_by_itself(kind: str) -> None:
    expected = {"undecodable": "drop", "junk": "drop", "blank": "drop"}.get(kind, "review")
    if kind in ("leak", "identical", "near-duplicate"):
        expected = "keep"  # its only copy
    assert verdicts(images(), Finding(2, kind, 0.7, "")) == {(2, kind): expected}


def test_the_first_copy_stays() -> None:
    found = verdicts(images(), *group("identical", 4, 1, 3))
    assert found == {(1, "identical"): "keep", (3, "identical"): "drop", (4, "identical"): "drop"}


def test_the_largest_file_stays(tmp_path: Path) -> None:
    sizes = [10, 30, 20]
    for i, size in enumerate(sizes):
        (tmp_path / f"{i}.png").write_bytes(b"x" * size)
    manifest = Manifest.build([str(tmp_path / f"{i}.png") for i in range(3)], ["a"] * 3, ["a"])
    found = verdicts(manifest, *group("near-duplicate", 0, 1, 2))
    assert [found[row, "near-duplicate"] for row in range(3)] == ["drop", "keep", "drop"]


def test_of_a_leak_the_copy_in_the_most_precious_split_stays() -> None:
    manifest = images(splits=["train", "val", "test", "train", "val", "test"])
    found = verdicts(manifest, *group("leak", 0, 1, 2), *group("near-duplicate", 0, 1, 2), *group("leak", 3, 4))
    for kind in ("leak", "near-duplicate"):
        assert [found[row, kind] for row in range(3)] == ["drop", "drop", "keep"]
    assert [found[row, "leak"] for row in (3, 4)] == ["drop", "keep"]


def test_a_copy_that_is_junk_or_unreadable_does_not_stay_in_place_of_a_good_one() -> None:
    manifest = images(splits=["test", "train", "test", "train", "", ""]).with_columns(error=["", "", "bad", "", "", ""])
    found = verdicts(manifest, *group("leak", 0, 1), Finding(0, "junk", 1.0, ""), *group("leak", 2, 3))
    assert [found[row, "leak"] for row in range(4)] == ["drop", "keep", "drop", "keep"]


def test_chains_of_pairs_are_one_group() -> None:
    pairs = [
        Finding(0, "near-duplicate", 1.0, "", (1,)),
        Finding(1, "near-duplicate", 1.0, "", (0, 2)),
        Finding(2, "near-duplicate", 1.0, "", (1,)),
        Finding(4, "label", 1.0, "", (5,)),
    ]
    assert copy_groups(findings_table(pairs), 6).tolist() == [0, 0, 0, -1, -1, -1]
    found = verdicts(images(), *pairs)
    assert [found[row, "near-duplicate"] for row in range(3)] == ["keep", "drop", "drop"]


def test_a_group_under_two_labels_is_for_review_in_all_its_rows_and_stays_out() -> None:
    found = [*group("conflict", 0, 1), *group("identical", 0, 1), *group("identical", 2, 4)]
    table = recommend(findings_table(found), images())
    of_conflict = table[table["row"] < 2]
    assert set(of_conflict["verdict"]) == {"review"}
    assert image_verdicts(table, 6).tolist() == ["drop", "drop", "keep", "keep", "drop", "keep"]


def test_a_decided_conflict() -> None:
    table = recommend(findings_table([*group("conflict", 0, 1), *group("identical", 0, 1)]), images())
    decided = table.assign(
        verdict=[
            {0: "keep", 1: "drop"}[row] if kind == "conflict" else verdict
            for row, kind, verdict in zip(table["row"], table["kind"], table["verdict"], strict=True)
        ]
    )
    assert image_verdicts(decided, 2).tolist() == ["review", "drop"]


def test_the_strictest_verdict_of_an_image_counts() -> None:
    found = [
        Finding(0, "blur", 1.0, "", (), "keep"),
        Finding(0, "dark", 1.0, "", (), "review"),
        Finding(1, "blur", 1.0, "", (), "review"),
        Finding(1, "junk", 1.0, "", (), "drop"),
    ]
    assert image_verdicts(findings_table(found), 3).tolist() == ["review", "drop", "keep"]


def test_relabel_outweighs_review_and_not_drop() -> None:
    found = [
        Finding(0, "label", 1.0, "", (), "relabel", "b"),
        Finding(0, "blur", 1.0, "", (), "review"),
        Finding(1, "label", 1.0, "", (), "relabel", "b"),
        Finding(1, "junk", 1.0, "", (), "drop"),
    ]
    assert image_verdicts(findings_table(found), 2).tolist() == ["relabel", "drop"]


def test_no_findings() -> None:
    assert image_verdicts(recommend(findings_table([]), images()), 6).tolist() == ["keep"] * 6
    assert np.array_equal(copy_groups(findings_table([]), 3), [-1, -1, -1])
