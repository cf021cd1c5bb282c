import numpy as np
import pandas as pd

from hemascope.audit.duplicates.findings import MOST_RELATED, duplicate_findings
from hemascope.audit.duplicates.pair import Pair
from hemascope.data.manifest import Manifest


def manifest(labels: str, splits: str = "") -> Manifest:
    names = {"t": "train", "v": "val", "-": ""}
    return Manifest.build(
        [f"{row}.png" for row in range(len(labels))],
        [label.strip("-") for label in labels],
        ("a", "b"),
        splits=[names[split] for split in splits or "-" * len(labels)],
    )


def found(table: pd.DataFrame, kind: str) -> dict[int, tuple[float, tuple[int, ...]]]:
    rows = table[table["kind"] == kind]
    return {
        row: (score, related) for row, score, related in zip(rows["row"], rows["score"], rows["related"], strict=True)
    }


def test_each_image_of_a_group_is_found_with_the_others() -> None:
    identical = np.array([0, 1, 0, -1, 4, 5])
    pairs = [Pair(0, 4, 0.9, "mirrored"), Pair(4, 5, 0.7, "softer")]
    table = duplicate_findings(manifest("aaaaaa"), identical, pairs)
    assert set(table["kind"]) == {"identical", "near-duplicate"}
    assert found(table, "identical") == {0: (1.0, (2,)), 2: (1.0, (0,))}
    assert found(table, "near-duplicate") == {
        0: (0.9, (4, 5)),
        2: (0.9, (4, 5)),
        4: (0.9, (0, 2, 5)),
        5: (0.7, (4, 0, 2)),
    }
    assert set(table["verdict"]) == {""}
    reasons = dict(zip(zip(table["row"], table["kind"], strict=True), table["reason"], strict=True))
    assert reasons[0, "identical"] == "the same pixels as 2.png"
    assert reasons[4, "near-duplicate"] == "nearly the same as 0.png, mirrored"
    assert reasons[2, "near-duplicate"] == "4.png is nearly the same, mirrored"


def test_conflicts_and_leaks_name_what_they_cross_and_come_first() -> None:
    identical = np.array([0, 0, 2, 3])
    table = duplicate_findings(manifest("abaa", "ttvt"), identical, [Pair(1, 2, 0.8, "softer")])
    assert table["kind"].drop_duplicates().tolist() == ["leak", "conflict", "identical", "near-duplicate"]
    # the labels differ within the same pixels, the splits only between likenesses
    assert found(table, "conflict") == {0: (1.0, (2, 1)), 1: (1.0, (2, 0)), 2: (0.8, (1, 0))}
    assert {row: score for row, (score, _) in found(table, "leak").items()} == {0: 0.8, 1: 0.8, 2: 0.8}
    assert set(table[table["kind"] == "conflict"]["reason"]) == {"one picture in 2 labels: a (2), b (1)"}
    assert set(table[table["kind"] == "leak"]["reason"]) == {"one picture in 2 splits: train (2), val (1)"}


def test_no_label_and_no_split_are_no_crossing() -> None:
    table = duplicate_findings(manifest("a-a", "t-t"), np.array([0, 0, 0]), [])
    assert set(table["kind"]) == {"identical"}


def test_of_large_groups_some_are_listed_and_all_counted() -> None:
    table = duplicate_findings(manifest("a" * 30), np.zeros(30, np.int64), [])
    assert len(table) == 30
    assert {len(related) for related in table["related"]} == {MOST_RELATED}
    assert all(row not in related for row, related in zip(table["row"], table["related"], strict=True))
    assert table["reason"].str.endswith("; 29 others in the group, 20 of them listed").all()


def test_a_set_without_duplicates_gives_an_empty_table_of_the_same_columns() -> None:
    table = duplicate_findings(manifest("ab"), np.array([0, -1]), [])
    assert len(table) == 0
    assert table.columns.tolist() == ["row", "kind", "score", "reason", "related", "verdict", "label"]
