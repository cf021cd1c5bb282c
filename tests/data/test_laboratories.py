import pytest

from hemascope.data.laboratories import ALWAYS, laboratory_folds
from hemascope.data.manifest import Manifest
from hemascope.data.splits import fold_manifest
from hemascope.errors import SourceError


def cells(places: str, labels: str) -> Manifest:
    names = [f"{i}.png" for i in range(len(places))]
    laboratories = [place.strip() for place in places]
    return Manifest.build(
        names, list(labels), sorted(set(labels)), laboratories=laboratories, splits=["train"] * len(names)
    )


def test_a_laboratory_that_alone_has_a_class_is_in_every_training() -> None:
    manifest = cells("PPPQQRR", "abcabab")
    folds = laboratory_folds(manifest)
    assert (folds.held_out, folds.always) == (("Q", "R"), ("P",))
    assert folds.numbers.tolist() == [ALWAYS] * 3 + [1, 1, 2, 2]
    first = fold_manifest(manifest, folds.numbers, 1, 0.0)
    assert first.table["split"].tolist() == ["train"] * 3 + ["val"] * 2 + ["train"] * 2


def test_copies_in_two_laboratories_are_in_no_fold() -> None:
    manifest = cells("PPPQQQ", "ababab").with_columns(group=[7, -1, -1, 7, -1, -1])
    folds = laboratory_folds(manifest)
    assert folds.numbers.tolist() == [0, 1, 1, 0, 2, 2]
    assert folds.shared == 2


def test_what_cannot_be_divided() -> None:
    with pytest.raises(SourceError, match="1 of its images name no laboratory"):
        laboratory_folds(cells("PP QQ", "ababa"))
    with pytest.raises(SourceError, match="only one laboratory has images of: c"):
        laboratory_folds(cells("PPPQQ", "abcab"))
