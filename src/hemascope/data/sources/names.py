"""Names of classes and splits as sources spell them, and the order of the classes."""

import re
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

    >>> split_name("Validation")
    'val'
    """
    return _SPLIT_OF.get(text.strip().lower())


def class_name(text: str) -> str:
    """A class's name as hemascope spells it: lower case, words joined by underscores, the eight classes' aliases known.

    >>> class_name("Immature Granulocytes"), class_name("ig"), class_name("Blast-cell")
    ('immature_granulocyte', 'immature_granulocyte', 'blast_cell')
    """
    name = _joined(text)
    short = _joined(text.split("(")[0])  # MedMNIST: "immature granulocytes(myelocytes, metamyelocytes and ...)"
    for candidate in (name, name.removesuffix("s"), short, short.removesuffix("s")):
        if candidate in BLOOD_CLASSES:
            return candidate
        if candidate in _ALIASES:
            return _ALIASES[candidate]
    return name


def _joined(text: str) -> str:
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_")


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
