from hemascope.audit.findings import KIND_NAMES, Finding, each_finding, findings_table, images_by_kind, verdicts_by_kind


def test_the_kinds_are_the_published_ones_leaks_and_conflicts_first() -> None:
    assert KIND_NAMES[:2] == ("leak", "conflict")
    assert set(KIND_NAMES) == {
        "identical", "near-duplicate", "junk", "blank", "blur", "dark", "bright", "low-information", "label",
        "conflict", "leak", "undecodable", "odd-size",
    }  # fmt: skip


def test_a_table_is_in_the_order_of_the_kinds_then_of_the_scores() -> None:
    found = [
        Finding(5, "blur", 0.9, "blurred"),
        Finding(4, "junk", 0.2, "a dog"),
        Finding(3, "junk", 0.8, "a cat"),
        Finding(2, "leak", 0.5, "in two splits", (1,)),
        Finding(1, "leak", 0.5, "in two splits", (2,), "drop"),
    ]
    table = findings_table(found)
    assert list(table["row"]) == [1, 2, 3, 4, 5]
    assert [str(kind) for kind in table.dtypes[["row", "score"]]] == ["int64", "float64"]
    assert list(each_finding(table)) == [found[4], found[3], found[2], found[1], found[0]]
    assert images_by_kind(table) == {"leak": 2, "junk": 2, "blur": 1}


def test_no_findings_are_a_table_too() -> None:
    table = findings_table([])
    assert list(table.columns) == list(Finding._fields)
    assert list(each_finding(table)) == []
    assert images_by_kind(table) == {}


def test_verdicts_are_counted_by_kind_and_images_once() -> None:
    table = findings_table(
        [
            Finding(0, "blur", 0.9, "", verdict="review"),
            Finding(0, "blur", 0.8, "", verdict="keep"),
            Finding(1, "leak", 1.0, "", verdict="drop"),
        ]
    )
    counts = verdicts_by_kind(table)
    assert list(counts.columns) == ["images", "keep", "review", "relabel", "drop"]
    assert list(counts.itertuples(name=None)) == [("leak", 1, 0, 0, 0, 1), ("blur", 1, 1, 1, 0, 0)]
    assert len(verdicts_by_kind(findings_table([]))) == 0
