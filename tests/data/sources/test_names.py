import pytest

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.sources.names import class_name, class_order, require_classes, split_name
from hemascope.errors import SourceError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Immature Granulocyte", "immature_granulocyte"),
        ("immature-granulocytes", "immature_granulocyte"),
        ("immature granulocytes(myelocytes, metamyelocytes and promyelocytes)", "immature_granulocyte"),
        ("ig", "immature_granulocyte"),
        ("Basophils", "basophil"),
        ("platelet ", "platelet"),
        ("ERYTHROBLAST", "erythroblast"),
        ("Smudge cell", "smudge_cell"),
        ("Bos taurus", "bos_taurus"),
        ("", ""),
    ],
)
def test_class_names_are_normalised(text: str, name: str) -> None:
    assert class_name(text) == name


def test_all_names_of_the_eight_stand() -> None:
    for name in BLOOD_CLASSES:
        assert class_name(name) == name
        assert class_name(name.title() + "s") == name


def test_some_of_the_eight_keep_the_eight_in_order() -> None:
    assert class_order(["neutrophil", "basophil", "", "neutrophil"]) == BLOOD_CLASSES
    assert class_order(["neutrophil", "blast"]) == ("blast", "neutrophil")
    assert class_order(["10", "9", "x", "1"]) == ("1", "9", "10", "x")
    assert class_order(["z", "a", "z"], given=True) == ("z", "a")


def test_one_class_is_refused() -> None:
    with pytest.raises(SourceError, match=r"here: there is one class only \('x'\)"):
        require_classes(("x",), "here")
    with pytest.raises(SourceError, match="no image has a label"):
        require_classes((), "here")


@pytest.mark.parametrize(
    ("text", "split"),
    [("train", "train"), ("Training", "train"), ("VALID", "val"), ("validation", "val"), ("testing", "test")],
)
def test_split_names(text: str, split: str) -> None:
    assert split_name(text) == split
    assert split_name("trains") is None
