import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.data.manifest import Manifest
from hemascope.data.splits import check_folds, fold_manifest, fold_numbers, split
from hemascope.errors import SourceError

CLASSES = ("a", "b")


def made(labels: list[str], groups: list[int], splits: list[str] | None = None) -> Manifest:
    paths = [f"/{i}.png" for i in range(len(labels))]
    splits = splits or ["train"] * len(labels)
    return Manifest.build(paths, labels, CLASSES, splits=splits, name="set").with_columns(group=groups)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-1, 6)), max_size=40), st.integers(2, 4))
def test_every_image_is_held_out_once_and_groups_stay_whole(rows: list[tuple[str, int]], folds: int) -> None:
    rows += [(name, -1) for name in "ab" for _ in range(folds)]
    manifest = made([label for label, _ in rows], [group for _, group in rows])
    numbers = fold_numbers(manifest, folds, seed=1)
    assert set(numbers) <= set(range(1, folds + 1))
    groups = manifest.table["group"].to_numpy()
    for group in set(groups) - {-1}:
        assert len(set(numbers[groups == group])) == 1


def test_folds_are_stratified_and_depend_on_the_seed_alone() -> None:
    manifest = made(["a"] * 80 + ["b"] * 20, [-1] * 100)
    numbers = fold_numbers(manifest, 5, seed=3)
    labels = manifest.table["label"].to_numpy()
    for number in range(1, 6):
        assert [(labels[numbers == number] == name).sum() for name in CLASSES] == [16, 4]
    np.testing.assert_array_equal(numbers, fold_numbers(manifest, 5, seed=3))
    assert (numbers != fold_numbers(manifest, 5, seed=4)).any()


def test_what_cannot_be_used_and_the_test_part_belong_to_no_fold() -> None:
    manifest = made(["a", "b"] * 10, [-1] * 20, ["test"] * 4 + ["train"] * 16)
    manifest = manifest.with_columns(error=[""] * 19 + ["damaged"])
    numbers = fold_numbers(manifest, 2)
    assert (numbers[:4] == 0).all()
    assert numbers[19] == 0
    assert (numbers[4:19] > 0).all()


def test_more_folds_than_the_rarest_class_can_fill_are_refused() -> None:
    manifest = made(["a"] * 20 + ["b"] * 6, [-1] * 20 + [7, 7, 7, 8, 8, 8])
    check_folds(manifest, 5)
    with pytest.raises(SourceError, match=r"'b' has 6 .* Set folds=6"):
        check_folds(manifest, 7)
    with pytest.raises(SourceError, match=r"groups of copies .* 'b' has 2 .* Set folds=2"):
        fold_numbers(manifest, 5)


def test_a_folds_data_set_validates_on_images_of_its_own_or_on_those_held_out() -> None:
    manifest = split(made(["a"] * 60 + ["b"] * 30, [-1] * 90, [""] * 90), (0.9, 0.0, 0.1))
    numbers = fold_numbers(manifest, 3)
    own = fold_manifest(manifest, numbers, 1, 0.25).table["split"].to_numpy(object)
    assert set(own[numbers == 1]) == {"test"}
    assert set(own[numbers == 0]) == {""}
    others = own[numbers > 1]
    assert set(others) == {"train", "val"}
    assert (others == "val").mean() == pytest.approx(0.25, abs=0.04)
    held_out = fold_manifest(manifest, numbers, 1, 0.0).table["split"].to_numpy(object)
    assert set(held_out[numbers == 1]) == {"val"}
    assert set(held_out[numbers > 1]) == {"train"}
