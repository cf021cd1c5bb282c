"""Names of classes and splits as sources spell them, and the order of the classes."""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from hemascope.cells import BLOOD_CLASSES
from hemascope.errors import SourceError

_SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_SPLIT_OF = {spelling: split for split, spellings in _SPLITS.items() for spelling in spellings}

# Words that say nothing of which split it is: "Training set", "val_data", "TestA".
_FILLERS = (
    "dataset", "set", "data", "images", "image", "imgs", "img", "split", "folder", "cells", "files", "a", "b", "c",
)  # fmt: skip

# The PBC originals' prefixes and the spellings met in other sets.
_ALIASES = {
    "ba": "basophil",
    "eo": "eosinophil",
    "erb": "erythroblast",
    "ig": "immature_granulocyte",
    "immature_granulocytes_ig": "immature_granulocyte",
    "ly": "lymphocyte",
    "mo": "monocyte",
    "ne": "neutrophil",
    "thrombocyte": "platelet",
}


def split_name(text: str) -> str | None:
    """The split that a folder, file or cell names: train, val, test, or None.

    Numbers and words like "set" do not matter.

    >>> split_name("Validation"), split_name("Training set"), split_name("test_images"), split_name("train1")
    ('val', 'train', 'test', 'train')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    words = [word for word in re.findall(r"[^\W\d_]+", spaced) if word not in _FILLERS]
    if len(words) != 1:
        return None
    stems = (words[0], *(words[0].removesuffix(filler) for filler in _FILLERS if len(filler) > 1))
    return next((_SPLIT_OF[stem] for stem in stems if stem in _SPLIT_OF), None)


def class_name(text: str) -> str:
    """A class's name as hemascope spells it: lower case, words joined by underscores, the eight classes' aliases known.

    Composed (NFC) first. A name of symbols alone stays as it is: only "" and blanks become "".

    >>> class_name("Immature Granulocytes"), class_name("ig"), class_name("Blast-cell"), class_name("+")
    ('immature_granulocyte', 'immature_granulocyte', 'blast_cell', '+')
    """
    name = _joined(text)
    short = _joined(text.split("(")[0])  # MedMNIST: "immature granulocytes(myelocytes, metamyelocytes and ...)"
    return _known(name) or _known(short) or name or "_".join(_composed(text).split())


def laboratory_name(text: str) -> str:
    """A laboratory's name: as it is spelt, composed (NFC), without blanks at its ends."""
    return _composed(text)


def class_names(texts: Iterable[str], source: object) -> list[str]:
    """The names of classes as hemascope spells them, one a text, in order; "" stays "".

    Spellings that differ in case, blanks, "_" and "-" between words, or that are known aliases, are one class.

    Raises:
        SourceError: two other spellings would become one class.

    >>> class_names(["Blast cell", "blast_cell", "IG"], "list.csv")
    ['blast_cell', 'blast_cell', 'immature_granulocyte']
    """
    names: dict[str, str] = {}
    first: dict[str, tuple[str, str]] = {}  # of each name, a spelling that gave it, simplified and as it was
    found = []
    for text in texts:
        if text not in names:
            name = names[text] = class_name(text)
            simple = _known(_spelling(text)) or _spelling(text)
            known, spelt = first.setdefault(name, (simple, text))
            if known != simple:
                raise SourceError(
                    f"{source}: the classes {spelt!r} and {text!r} would both be called {name!r}",
                    "Rename one of them, in letters and digits that tell them apart; or, if they are one class, both.",
                )
        found.append(names[text])
    return found


def spellings(texts: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """A spelling of each class, of texts and the names that `class_names` gave them.

    >>> spellings(["CD4+", "", "blast cell", "CD4+"], ["cd4", "", "blast_cell", "cd4"])
    ('CD4+', 'blast cell')
    """
    return tuple({name: text for text, name in zip(texts, names, strict=True) if name}.values())


def _joined(text: str) -> str:
    """Words joined by "_": letters and digits of any script with their accents, vowel signs and joiners."""
    letters = (
        char if char.isalnum() or unicodedata.category(char)[0] == "M" or char in "\u200c\u200d" else "_"
        for char in _composed(text).lower()
    )
    return re.sub("_+", "_", "".join(letters)).strip("_")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _spelling(text: str) -> str:
    """A text without what makes no other class: case, and how words are joined. A "-" at an end is a sign."""
    lowered = unicodedata.normalize("NFC", _composed(text).lower())
    words = [word for word in re.split(r"[\s_-]+", lowered) if word]
    ends = lowered.strip("_ ")
    return "-" * ends.startswith("-") + "_".join(words) + "-" * ends.endswith("-")


def _known(name: str) -> str:
    """The one of the eight classes that a joined name is a spelling of; "" where it is none."""
    for candidate in (name, name.removesuffix("s")):
        if candidate in BLOOD_CLASSES:
            return candidate
        if candidate in _ALIASES:
            return _ALIASES[candidate]
    return ""


def class_order(names: Iterable[str], *, given: bool = False) -> tuple[str, ...]:
    """The classes in label order: the eight blood classes where all names are among them, else the names sorted.

    Args:
        names: normalised class names, in any order, repeated or not; "" is passed over.
        given: keep the order of ``names`` instead of sorting (a source that numbers its classes).
    """
    found = [name for name in dict.fromkeys(names) if name]
    if found and set(found) <= set(BLOOD_CLASSES):
        return BLOOD_CLASSES
    if given:
        return tuple(found)
    return tuple(sorted(found, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name)))


def require_classes(classes: tuple[str, ...], source: object) -> None:
    """Refuse a source whose classes leave nothing to tell apart.

    Raises:
        SourceError: no class, or one only.
    """
    if not classes:
        raise SourceError(f"{source}: no image has a label", "To classify unlabelled images, use: hemascope predict")
    if len(classes) == 1:
        raise SourceError(
            f"{source}: there is one class only ({classes[0]!r})",
            "A classifier needs at least two: one folder, or one label, for each class.",
        )


def numbered(count: int) -> tuple[str, ...]:
    """Names for classes that a source only numbers.

    >>> numbered(3)
    ('class_0', 'class_1', 'class_2')
    """
    width = len(str(max(count - 1, 0)))
    return tuple(f"class_{i:0{width}d}" for i in range(count))


ACEVEDO = (
    "Acevedo A., Merino A., Alférez S., Molina Á., Boldú L., Rodellar J. (2020). A dataset of microscopic peripheral "
    "blood cell images for development of automatic recognition systems. Data in Brief 30, 105474. "
    "Hospital Clínic de Barcelona"
)
MEDMNIST = (
    "Yang J., Shi R., Wei D. et al. (2023). MedMNIST v2: A large-scale lightweight benchmark for 2D and 3D biomedical "
    "image classification. Scientific Data 10, 41"
)


class About(NamedTuple):
    """What a model's card says of its data."""

    licence: str = ""
    attribution: str = ""


BLOODMNIST = About("CC BY 4.0", f"{ACEVEDO}; {MEDMNIST}")
PBC = About("CC BY 4.0", ACEVEDO)

# PBC's files are named by class and number: BA_100102.jpg, SNE_1234.jpg.
_PBC_FILE = re.compile(
    r"(BA|EO|ERB|IG|MMY|MY|PMY|LY|MO|NE|SNE|BNE|NEUTROPHIL|PLATELET|PLATELETS)_\d+\.jpe?g", re.IGNORECASE
)


def recognise_files(names: Iterable[str]) -> About:
    """Licence and attribution of the set whose image files have these names; blank where it is not known."""
    names = list(names)
    matches = sum(_PBC_FILE.fullmatch(name) is not None for name in names)
    return PBC if len(names) >= 1000 and matches >= 0.99 * len(names) else About()
