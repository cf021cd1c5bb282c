from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.data.manifest import Manifest
from hemascope.data.sources import open_source
from hemascope.data.splits import limited, split
from hemascope.errors import SourceError

CLASSES = ("a", "b", "c")


def made(labels: list[str], groups: list[int] | None = None, splits: list[str] | None = None) -> Manifest:
    manifest = Manifest.build([f"/{i}.png" for i in range(len(labels))], labels, CLASSES, splits=splits, name="set")
    return manifest if groups is None else manifest.with_columns(group=groups)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    most = draw(st.sampled_from([1, 15]))  # few groups are large ones
    rows = draw(st.lists(st.tuples(st.sampled_from(CLASSES), st.integers(-1, most)), min_size=1, max_size=60))
    return made([label for label, _ in rows], [group for _, group in rows])


@st.composite
def named_manifests(draw: st.DrawFn) -> Manifest:
    """Splits are named, some rows are damaged or dropped; groups hold several labels and lie in several splits."""
    names = draw(st.sampled_from([["train", "val", "test"], ["train", "test"], ["train", "val"]]))
    row = st.tuples(
        st.sampled_from(CLASSES), st.integers(-1, 8), st.sampled_from(names), st.sampled_from(["", "damaged"]),
        st.sampled_from(["keep", "keep", "review", "drop"]),
    )  # fmt: skip
    rows = draw(st.lists(row, min_size=1, max_size=50))
    rows += [(name, -1, "train", "", "keep") for name in CLASSES]  # so that every class can be trained on
    labels, groups, splits, errors, verdicts = zip(*rows, strict=True)
    return made(list(labels), list(groups), list(splits)).with_columns(error=errors, verdict=verdicts)


@st.composite
def shares(draw: st.DrawFn) -> tuple[float, float, float]:
    parts = [draw(st.integers(1, 10)), draw(st.integers(0, 10)), draw(st.integers(0, 10))]
    return tuple(part / sum(parts) for part in parts)  # type: ignore[return-value]


def groups_of(manifest: Manifest) -> dict[object, list[int]]:
    result: dict[object, list[int]] = {}
    for row, group in enumerate(manifest.table["group"]):
        result.setdefault(group if group >= 0 else ("alone", row), []).append(row)
    return result


@settings(max_examples=100, deadline=None)
@given(manifests(), shares(), st.integers(0, 2**31))
def test_groups_of_any_size_and_labels_stay_whole_and_shares_are_held(
    manifest: Manifest, fractions: tuple[float, float, float], seed: int
) -> None:
    result = split(manifest, fractions, seed=seed).table["split"].to_numpy(object)
    labels = manifest.table["label"].to_numpy(object)
    groups = groups_of(manifest)
    assert set(result) <= {"train", "val", "test"}
    for rows in groups.values():
        assert len(set(result[rows])) == 1
    for name in set(labels):
        assert "train" in result[labels == name]
    by_class: dict[str, list[list[int]]] = {}
    for rows in groups.values():
        found = list(labels[rows])
        by_class.setdefault(max(dict.fromkeys(found), key=found.count), []).append(rows)
    # A class that is the commonest of no group may have pulled a group of another into train.
    pulled = len(set(labels) - set(by_class))
    for units in by_class.values():
        for part, share in zip(("train", "val", "test"), fractions, strict=True):
            count = sum(len(rows) for rows in units if result[rows[0]] == part)
            assert abs(count - share * sum(map(len, units))) <= (1 + pulled) * max(map(len, units)) + 1e-9
            assert count == 0 or share > 0 or part == "train"


@settings(max_examples=100, deadline=None)
@given(named_manifests(), st.integers(0, 2**31))
def test_groups_of_any_labels_stay_whole_where_splits_are_named(manifest: Manifest, seed: int) -> None:
    divided = split(manifest, (0.6, 0.2, 0.2), seed=seed)
    before, after = manifest.table, divided.table
    named = set(before["split"][manifest.usable])
    chosen = after[divided.usable]
    assert (chosen[chosen["group"] >= 0].groupby("group")["split"].nunique() <= 1).all()
    for name in CLASSES:
        assert "train" in set(chosen["split"][chosen["label"] == name])
    # What is scored stays: only val is cut, from train, and only where there is none.
    fixed = before["split"].isin(["val", "test"]).to_numpy()
    if named != {"train"}:
        assert (after["split"][fixed] == before["split"][fixed]).all()
        if "val" in named:
            assert (after["split"] == before["split"]).all()
    # Dropped is exactly what has a copy in a more precious split.
    rank = before["split"].map({"train": 0, "val": 1, "test": 2})
    for rows in groups_of(manifest).values():
        used = [row for row in rows if manifest.usable[row]]
        best = max((rank[row] for row in used), default=0)
        for row in used:
            assert (after["verdict"][row] == "drop") == (rank[row] < best)


@settings(max_examples=30, deadline=None)
@given(manifests(), st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_division(manifest: Manifest, seed: int) -> None:
    fractions = (0.5, 0.3, 0.2)
    assert split(manifest, fractions, seed=seed).table.equals(split(manifest, fractions, seed=seed).table)


@pytest.mark.parametrize("seed", range(8))
def test_a_group_of_half_the_class_leaves_val_its_share(seed: int) -> None:
    counts = split(made(["a"] * 200, groups=[0] * 100 + [-1] * 100), seed=seed).counts()
    assert counts.loc["a"].to_dict() == {"train": 160, "val": 20, "test": 20}


@pytest.mark.parametrize("seed", range(8))
def test_a_group_of_several_labels_counts_as_the_commonest(seed: int) -> None:
    labels = ["a"] + ["b"] * 29 + ["a"] * 10 + ["b"] * 71
    result = split(made(labels, groups=[0] * 30 + [-1] * 81), seed=seed).table["split"].to_numpy(object)
    assert [int((result[30:40] == part).sum()) for part in ("train", "val", "test")] == [8, 1, 1]
    assert [int((result[[*range(30), *range(40, 111)]] == part).sum()) for part in ("val", "test")] == [10, 10]


@pytest.mark.parametrize("seed", range(8))
def test_a_class_inside_anothers_groups_is_trained_on(seed: int) -> None:
    result = split(made(["a", "a", "b"] + ["a"] * 30, groups=[0, 0, 0] + [-1] * 30), (0.1, 0.8, 0.1), seed=seed).table
    assert list(result["split"][:3]) == ["train"] * 3


def test_another_seed_gives_another_division() -> None:
    manifest = made(["a", "b"] * 50)
    assert not split(manifest, seed=1).table.equals(split(manifest, seed=2).table)


def test_a_class_is_divided_the_same_whatever_else_there_is() -> None:
    alone = split(made(["a"] * 40), seed=3).table["split"]
    mixed = split(made(["a", "b", "c", "b"] * 40), seed=3).table
    assert list(mixed["split"][mixed["label"] == "a"]) == list(alone)


def test_default_shares_by_class() -> None:
    counts = split(made(["a"] * 200 + ["b"] * 50 + ["c"] * 10)).counts()
    assert counts.loc["a"].to_dict() == {"train": 160, "val": 20, "test": 20}
    assert counts.loc["b"].to_dict() == {"train": 40, "val": 5, "test": 5}
    assert counts.loc["c"].to_dict() == {"train": 8, "val": 1, "test": 1}


def test_without_a_test_part() -> None:
    counts = split(made(["a"] * 10 + ["b"] * 20), (0.7, 0.3, 0.0)).counts()
    assert list(counts.columns) == ["train", "val"]
    assert counts.loc["b"].to_dict() == {"train": 14, "val": 6}


def test_a_class_of_one_image_is_trained_on() -> None:
    result = split(made(["a"] * 30 + ["b"]), (0.1, 0.8, 0.1)).table
    assert result["split"].iloc[-1] == "train"


def test_unlabelled_unreadable_and_dropped_rows_are_left_alone() -> None:
    manifest = made(["a"] * 10 + ["b"] * 10 + ["", "a", "a"]).with_columns(
        error=[""] * 21 + ["/21.png: damaged", ""], verdict=["keep"] * 22 + ["drop"]
    )
    result = split(manifest).table["split"]
    assert list(result[20:]) == ["", "", ""]
    assert (result[:20] != "").all()


@pytest.mark.parametrize(
    "fractions", [(0.8, 0.1, 0.2), (1.1, -0.1, 0.0), (0.0, 0.5, 0.5), (float("nan"), 0.5, 0.5), (0.5, 0.5)]
)
def test_impossible_fractions(fractions: tuple[float, float, float]) -> None:
    with pytest.raises(SourceError, match=r"sum to 1"):
        split(made(["a", "b"]), fractions)


def test_official_splits_are_kept() -> None:
    names = ["train", "val", "test", "train"]
    assert list(split(made(["a", "a", "a", "b"], splits=names)).table["split"]) == names
    names = ["train", "val", "val", "train"]
    assert list(split(made(["a", "a", "a", "b"], splits=names)).table["split"]) == names


def test_val_is_cut_from_an_official_train() -> None:
    manifest = made(["a"] * 90 + ["b"] * 45 + ["a"] * 20, splits=["train"] * 135 + ["test"] * 20)
    result = split(manifest)
    assert (result.table["split"][135:] == "test").all()
    assert result.counts().loc["a"].to_dict() == {"train": 80, "val": 10, "test": 20}
    assert result.counts().loc["b"].to_dict() == {"train": 40, "val": 5, "test": 0}
    assert split(manifest, (0.9, 0.0, 0.1)).table.equals(manifest.table)


def test_a_source_of_train_only_is_divided_whole() -> None:
    assert split(made(["a"] * 10, splits=["train"] * 10)).counts().loc["a"].to_dict() == {
        "train": 8,
        "val": 1,
        "test": 1,
    }


def test_identical_images_across_official_splits_stay_on_the_evaluation_side() -> None:
    manifest = made(
        ["a", "a", "a", "b", "b", "b", "c", "c"],
        groups=[0, 0, 0, 3, 3, 5, 6, 6],
        splits=["train", "val", "test", "train", "val", "train", "train", "train"],
    )
    with pytest.raises(SourceError, match=r"none of the 3 images of class 'a'"):
        split(manifest)
    result = split(manifest.with_columns(label=["b", "b", "b", "b", "b", "b", "c", "c"])).table
    assert list(result["verdict"]) == ["drop", "drop", "keep", "drop", "keep", "keep", "keep", "keep"]
    assert list(result["split"]) == list(manifest.table["split"])


def test_a_copy_that_cannot_be_used_drops_nothing() -> None:
    manifest = made(["a", "a", "b"], groups=[0, 0, 2], splits=["train", "test", "train"])
    manifest = manifest.with_columns(verdict=["keep", "drop", "keep"])
    assert list(split(manifest, (0.9, 0.0, 0.1)).table["verdict"]) == ["keep", "drop", "keep"]


def test_splits_for_some_rows_only_are_refused() -> None:
    with pytest.raises(SourceError, match="set: 1 of 3 labelled images are in no split"):
        split(made(["a", "a", "b"], splits=["train", "", "test"]))


def test_a_class_without_a_usable_image_is_refused_but_an_absent_one_is_not() -> None:
    manifest = made(["a"] * 5 + ["b"]).with_columns(error=[""] * 5 + ["/5.png: damaged"])
    with pytest.raises(SourceError, match="none of the 1 images of class 'b'"):
        split(manifest)
    assert split(made(["a"] * 5 + ["b"] * 5)).counts().loc["c"].sum() == 0


def test_real_splits(pbc: Path) -> None:
    manifest = open_source(pbc)
    assert split(manifest).table.equals(manifest.table)
    counts = split(manifest.rows(manifest.table["split"] == "train")).counts()
    assert (abs(counts["val"] - counts.sum(axis=1) / 10) <= 1).all()


@pytest.fixture
def manifest() -> Manifest:
    labels = ["a"] * 80 + ["b"] * 20
    splits = (["train"] * 3 + ["val"]) * 25
    return Manifest.build([f"{i}.png" for i in range(100)], labels, ["a", "b"], splits=splits)


def test_proportions_stay_and_order_too(manifest: Manifest) -> None:
    small = limited(manifest, 20)
    assert small.counts().loc["a"].tolist() == [12, 4]
    assert small.counts().loc["b"].tolist() == [3, 1]
    positions = [int(path.removesuffix(".png")) for path in small.table["path"]]
    assert positions == sorted(positions)


def test_every_class_keeps_an_image_and_seeds_differ(manifest: Manifest) -> None:
    assert (limited(manifest, 2).counts() >= 1).all().all()
    assert limited(manifest, 20, seed=1).table["path"].tolist() != limited(manifest, 20).table["path"].tolist()


def test_no_limit_changes_nothing(manifest: Manifest) -> None:
    assert limited(manifest, None) is manifest
    assert limited(manifest, 100) is manifest


def test_what_is_dropped_is_not_drawn(manifest: Manifest) -> None:
    audited = manifest.with_columns(verdict=["drop", "keep"] * 50)
    small = limited(audited, 20)
    assert set(small.table["verdict"]) == {"keep"}
    assert small.counts().to_numpy().sum() == 20
    assert limited(audited, 50) is audited
