"""What a model sees of a cell in the words of haematology: the nucleus, the cytoplasm, the granules.

Some model files have an output ``attributes``, the probabilities of each attribute's values; the card names both, and
the classes of the cells that they were learnt on. Of others' attributes nothing is known, so nothing is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemascope.errors import ModelFileError

if TYPE_CHECKING:
    from hemascope.predict.card import ModelCard


@dataclass(frozen=True)
class Vocabulary:
    """The attributes that a model knows.

    Attributes:
        names: of the attributes, a of them.
        values: of each, in the order of the output's numbers.
        classes: of cells like those that they were learnt on.
        sure: probability from which a value is said.
    """

    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    classes: frozenset[str]
    sure: float

    @classmethod
    def of(cls, card: ModelCard) -> Vocabulary | None:
        """The card's; None where the model has no attributes."""
        told = card.attributes
        if not told:
            return None
        values = tuple(map(tuple, told["values"]))
        return cls(tuple(told["names"]), values, frozenset(told["classes"]), float(told["sure"]))

    @classmethod
    def needed(cls, card: ModelCard, path: object = "") -> Vocabulary:
        """The card's.

        Raises:
            ModelFileError: it has none.
        """
        found = cls.of(card)
        if found is None:
            raise ModelFileError(
                f"{path or card.name}: it has no attributes", "The shipped models have: hemascope predict -m robust"
            )
        return found

    def apart(self, rows: np.ndarray) -> list[np.ndarray]:
        """The probabilities of each attribute, a of float (n, values), of the output's rows, float (n, all values)."""
        ends = np.cumsum([0, *map(len, self.values)]).tolist()
        return [rows[:, first:last] for first, last in pairwise(ends)]

    def said(self, labels: Sequence[str], rows: np.ndarray, unknown: np.ndarray | None = None) -> list[tuple[str, ...]]:
        """What is said of each image: a values, "" for those that are not sure.

        Args:
            labels: the classes that n images are called.
            rows: the output's, float (n, all values); NaN where an image failed.
            unknown: bool (n,): which are probably of no class. Of them, and of other classes, nothing is said.

        >>> words = Vocabulary(("nucleus",), (("round", "band"),), frozenset({"lymphocyte"}), 0.8)
        >>> words.said(["lymphocyte", "lymphocyte", "platelet"], np.array([[0.9, 0.1], [0.6, 0.4], [1, 0]]))
        [('round',), ('',), ('',)]
        """
        speak = np.array([label in self.classes for label in labels], bool)
        if unknown is not None:
            speak &= ~unknown
        columns = []
        for part, values in zip(self.apart(rows), self.values, strict=True):
            sure = speak & (np.nan_to_num(part).max(axis=1) >= self.sure)
            top = np.nan_to_num(part).argmax(axis=1).tolist()
            columns.append([values[place] if one else "" for place, one in zip(top, sure, strict=True)])
        return list(zip(*columns, strict=True))


def phrase(said: Mapping[str, str]) -> str:
    """What is said of a cell in a few words; what is usual of leucocytes is left out.

    Args:
        said: attribute -> value, "" for those that are not sure; attributes of other names are said as they are called.

    >>> phrase({"cell_size": "big", "nucleus_shape": "segmented-multilobed", "chromatin_density": "densely",
    ...         "granule_type": "small", "granule_colour": "pink", "granularity": "yes"})
    'large cell, segmented nucleus, fine pink granules'
    >>> phrase({"nucleus_shape": "unsegmented-round", "cytoplasm_colour": "blue", "granularity": "no"})
    'round nucleus, blue cytoplasm, no granules'
    """
    words = {name: _WORDS.get(name, {}).get(value, "") for name, value in said.items() if value}
    parts = [" ".join(filter(None, (*(words.get(name) for name in names), noun))) for names, noun in _PARTS]
    spoken = [part for part, (names, _) in zip(parts, _PARTS, strict=True) if any(words.get(name) for name in names)]
    others = [f"{name.replace('_', ' ')}: {value}" for name, value in said.items() if value and name not in _WORDS]
    return ", ".join([*spoken, *others])


_PARTS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("cell_size", "cell_shape"), "cell"),
    (("nucleus_shape",), "nucleus"),
    (("nuclear_cytoplasmic_ratio",), "N:C ratio"),
    (("chromatin_density",), "chromatin"),
    (("cytoplasm_texture", "cytoplasm_colour"), "cytoplasm"),
    (("cytoplasm_vacuole",), ""),
    (("granule_type", "granule_colour"), "granules"),
    (("granularity",), ""),
)
"""The parts of a phrase: the words of some attributes, and what they are said of."""

_WORDS: dict[str, dict[str, str]] = {
    "cell_size": {"big": "large", "small": "small"},
    "cell_shape": {"irregular": "irregular"},
    "nucleus_shape": {
        "segmented-bilobed": "bilobed",
        "segmented-multilobed": "segmented",
        "unsegmented-band": "band",
        "unsegmented-indented": "indented",
        "unsegmented-round": "round",
        "irregular": "irregular",
    },
    "nuclear_cytoplasmic_ratio": {"high": "high"},
    "chromatin_density": {"loosely": "loose"},
    "cytoplasm_texture": {"frosted": "frosted"},
    "cytoplasm_colour": {"blue": "blue", "purple blue": "purple-blue"},
    "cytoplasm_vacuole": {"yes": "vacuoles"},
    "granule_type": {"small": "fine", "round": "round", "coarse": "coarse"},
    "granule_colour": {"pink": "pink", "red": "red", "purple": "purple"},
    "granularity": {"no": "no granules"},
}
"""The words for the values of WBCAtt (Tsutsui, Pang, Wen 2023); usual values have none."""
