from pathlib import Path

import numpy as np
import pytest

from hemascope.data.annotations.division import divided, grouped
from hemascope.data.annotations.fields import Annotations, LabelledField
from hemascope.errors import SourceError
from tests.told import Told


def fields(*names: str, splits: tuple[str, ...] = ()) -> Annotations:
    found = [
        LabelledField(name, Path(name), np.zeros((0, 4), np.float32), np.zeros(0, np.int64), (True,) * 3, split=split)
        for name, split in zip(names, splits or [""] * len(names), strict=True)
    ]
    return Annotations("smears", tuple(found))


def val(annotations: Annotations) -> list[str]:
    return [field.name for field in divided(annotations).part("val")]


def test_fields_are_kept_apart_by_their_numbers_or_in_turn() -> None:
    assert val(fields(*(f"BloodImage_{i:05}.jpg" for i in (0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11)))) == [
        "BloodImage_00000.jpg", "BloodImage_00010.jpg",
    ]  # fmt: skip
    assert val(fields("a.png", "b.png", "c.png", "d.png", "e.png", "f.png")) == ["a.png", "f.png"]
    assert val(fields(*(f"{10 * i}.png" for i in range(1, 7)))) == ["10.png", "60.png"]  # all are multiples of five
    assert val(fields("a.png")) == []


def test_slides_stay_together() -> None:
    told = Told()
    names = [f"S-{slide}_{field:04}.jpg" for slide in range(1, 8) for field in range(3)]
    found = grouped(fields(*names), r"^(.+)_\d{4}\.", told)
    assert told.said == ["smears: 7 groups by --group"]
    assert {name[:3] for name in val(found)} == {"S-1", "S-6"}
    assert len(val(found)) == 6
    alone = grouped(fields("a.png", "b.png"), r"slide(\d)", told)
    assert told.said[1] == "smears: --group is found in no name of a field, so each stands alone"
    assert {field.group for field in alone.fields} == {""}
    with pytest.raises(SourceError, match="not a regular expression"):
        grouped(alone, "(")


def test_splits_of_the_source_are_kept_and_a_slide_in_two_is_cut() -> None:
    assert val(fields("a.png", "b.png", splits=("train", "val"))) == ["b.png"]
    assert val(fields("a.png", "b.png", splits=("train", "test"))) == ["b.png"]
    assert val(fields("a.png", "b.png", splits=("train", "train"))) == ["a.png"]
    two = divided(grouped(fields("s1_1.png", "s1_2.png", "s2_1.png", splits=("train", "val", "train")), r"(s\d)"))
    assert [(field.name, field.split) for field in two.fields] == [("s1_2.png", "val"), ("s2_1.png", "train")]
    with pytest.raises(SourceError, match=r"1 of its 2 fields are in no split, first b.png"):
        divided(fields("a.png", "b.png", splits=("train", "")))


def test_the_shared_slides_are_those_that_the_classifier_did_not_see(real_fields: Path) -> None:
    from hemascope.data.annotations.open import _of_folder
    from hemascope.progress import SILENT

    names = [field.name for field in _of_folder(real_fields / "chula", SILENT)]
    found = divided(grouped(fields(*sorted(names)), r"^(.+)_\d{4}\."))
    assert {field.group for field in found.part("val")} == {"B-30", "B-59", "E-15", "L-10", "L-8", "M-5Bb"}
    names = [field.name for field in _of_folder(real_fields / "bccd", SILENT)]
    assert len(val(fields(*sorted(names)))) == 74
