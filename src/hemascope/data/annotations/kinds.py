"""Which kind of cell the label of a box names: white, red or platelet."""

from collections.abc import Iterable, Mapping

from hemascope.cells import BLOOD_CLASSES, KINDS
from hemascope.data.sources.names import class_name
from hemascope.errors import SourceError

NONE = "none"
"""Stands for a kind where the boxes of a label are of no cell, or not to be learnt."""

_SPELLINGS = {
    "white": (
        "white", "wbc", "wbcs", "leucocyte", "leukocyte", "white_cell", "white_blood_cell", "nucleated_cell",
        "granulocyte", "band_neutrophil", "segmented_neutrophil", *BLOOD_CLASSES,
    ),
    "red": ("red", "rbc", "rbcs", "erythrocyte", "red_cell", "red_blood_cell"),
    "platelet": ("platelet", "plt", "plts", "thrombocyte"),
}  # fmt: skip

_KIND_OF = {spelling: kind for kind, spellings in _SPELLINGS.items() for spelling in spellings}
"""Of each spelling; the platelets, which are one of the eight classes, come last and so are no white cells."""


def kind_of(label: str, given: Mapping[str, str] | None = None) -> str | None:
    """The kind that a label names: one of `KINDS`, ``NONE`` where the user says so, or None where it is not known.

    Args:
        label: as a source has it.
        given: of the user: label -> kind, as `given_kinds` reads it; it goes before what is known.

    >>> kind_of("RBC"), kind_of("red blood cells"), kind_of("Eosinophils"), kind_of("Platelets"), kind_of("blast")
    ('red', 'red', 'white', 'platelet', None)
    >>> kind_of("blast", {"blast": "white"})
    'white'
    """
    name = class_name(label)
    if given and name in given:
        return given[name]
    return _KIND_OF.get(name) or _KIND_OF.get(name.removesuffix("s"))


def given_kinds(pairs: Mapping[str, str] | Iterable[str]) -> dict[str, str]:
    """What a user says of labels that are not known: ``name=kind`` each, or a mapping.

    Raises:
        SourceError: another form, or a kind that there is not.

    >>> given_kinds(["Blast cell=white", "smudge=none"])
    {'blast_cell': 'white', 'smudge': 'none'}
    """
    texts = [pairs] if isinstance(pairs, str) else pairs
    items = texts.items() if isinstance(texts, Mapping) else [tuple(text.rpartition("=")[::2]) for text in texts]
    found = {}
    for label, kind in items:
        if not class_name(label) or kind not in (*KINDS, NONE):
            raise SourceError(
                f"--kinds {label}={kind}: not of the form LABEL=KIND",
                f"A kind is one of {', '.join(KINDS)}, or {NONE} for boxes to pass over: --kinds blast=white",
            )
        found[class_name(label)] = kind
    return found


def numbered_kinds(labels: Iterable[str], given: Mapping[str, str], source: object) -> dict[str, int]:
    """The number of each label's kind in `KINDS`; -1 for those of no kind.

    Raises:
        SourceError: labels of which it is not known; all of them are named.

    >>> numbered_kinds(["wbc", "RBC", "dirt"], {"dirt": "none"}, "cells.csv")
    {'wbc': 0, 'RBC': 1, 'dirt': -1}
    """
    kinds = {label: kind_of(label, given) for label in dict.fromkeys(labels)}
    strange = [label for label, kind in kinds.items() if kind is None]
    if strange:
        shown = ", ".join(repr(label) for label in strange[:8]) + ", ..." * (len(strange) > 8)
        raise SourceError(
            f"{source}: of the label{'s' * (len(strange) > 1)} {shown} it is not known which kind of cell "
            f"{'they mean' if len(strange) > 1 else 'it means'}",
            f"Say it: --kinds {(strange[0] or 'LABEL')!r}=white (or red, platelet; none: such boxes are passed over).",
        )
    numbers: dict[str | None, int] = {kind: number for number, kind in enumerate(KINDS)}
    return {label: numbers.get(kind, -1) for label, kind in kinds.items()}
