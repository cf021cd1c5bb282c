import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.sources.names import class_name, class_names, class_order, require_classes, split_name
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
        ("  ", ""),
        ("+", "+"),
        ("+ \n+", "+_+"),
        ("-", "-"),
        ("🩸", "🩸"),
        ("मोनो", "मोनो"),
        (unicodedata.normalize("NFD", "Érythroblaste"), "érythroblaste"),
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
    [
        ("train", "train"),
        ("Training", "train"),
        ("VALID", "val"),
        ("validation", "val"),
        ("testing", "test"),
        ("Training set", "train"),
        ("val_data", "val"),
        ("test-images", "test"),
        ("train1", "train"),
        ("TestA", "test"),
        ("trainset", "train"),
    ],
)
def test_split_names(text: str, split: str) -> None:
    assert split_name(text) == split
    assert split_name("trains") is None


@pytest.mark.parametrize("text", ["", "data", "set 1", "a", "train test", "trained cells", "fold_1", "patient_01"])
def test_what_names_no_split(text: str) -> None:
    assert split_name(text) is None


@pytest.mark.parametrize(
    "texts",
    [
        ("CD4+", "CD4-"),
        ("CD4", "CD4-"),
        ("-1", "1"),
        ("<5 um", ">5 um"),
        ("C", "C++"),
        ("Neutrophil (band)", "Neutrophil (segmented)"),
        ("Neutrophil", "Neutrophil (band)"),
        ("neutrophil", "Neutrophil+"),
    ],
)
def test_names_that_would_be_called_alike_are_refused(texts: tuple[str, str]) -> None:
    with pytest.raises(SourceError) as caught:
        class_names(texts, "list.csv")
    assert all(repr(text) in caught.value.problem for text in texts)


def test_spellings_of_one_name_join() -> None:
    assert class_names(["Blast cell", "blast_cell", "BLAST-CELL ", "blast  cell"], "") == ["blast_cell"] * 4
    assert class_names(["Basophils", "BA", "basophil", ""], "") == ["basophil"] * 3 + [""]
    assert class_names([unicodedata.normalize("NFD", "né"), "né"], "") == ["né", "né"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_no_name_is_lost_and_none_swallows_another(texts: list[str]) -> None:
    try:
        names = class_names(texts, "")
    except SourceError:
        return
    for text, name in zip(texts, names, strict=True):
        assert bool(name) == bool(text.strip())
    signs = {}
    for text, name in zip(texts, names, strict=True):
        here = [char for char in text if char in "+#<>().:"]
        assert signs.setdefault(name, here) == here
