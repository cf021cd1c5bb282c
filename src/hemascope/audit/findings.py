"""What an audit gives: findings of what is wrong with an image, a row a finding, and what is known of the set.

A light module, so that pages and records of an audit need nothing of what finds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from hemascope.data.manifest import VERDICTS, Manifest


class Kind(NamedTuple):
    """One kind of finding, in words for people.

    Attributes:
        name: as in findings.csv.
        title: as a heading, for several images.
        meaning: what is wrong, in one sentence.
        advice: the verdict that the audit gives, and what to look for.
    """

    name: str
    title: str
    meaning: str
    advice: str


_REVIEW = "For review: they stay in unless you drop them."

KINDS: tuple[Kind, ...] = (
    Kind(
        "leak",
        "Leaks between splits",
        "Copies of one image lie in more than one split, so the scores on them are too good.",
        "The copy in the most precious split stays (test before val before train), the others are dropped.",
    ),
    Kind(
        "conflict",
        "Copies under different labels",
        "Copies of one image carry different labels, so at least one of the labels is wrong.",
        "All of them stay out until you decide: set the right one to keep and the others to drop.",
    ),
    Kind(
        "label",
        "Doubtful labels",
        "The image looks like another class than the one it is labelled as.",
        f"{_REVIEW} Some are wrong labels, some are only unusual cells. Relabel gives an image another class.",
    ),
    Kind(
        "junk",
        "No cells",
        "A photograph, drawing, text, a picture laid over a cell, or an image unlike all others in the set.",
        "Dropped.",
    ),
    Kind(
        "identical",
        "Identical images",
        "Images that agree in every pixel.",
        "One of each group stays, the others are dropped.",
    ),
    Kind(
        "near-duplicate",
        "Near duplicates",
        "The same picture again: recompressed, resized, cropped, turned, mirrored, brightened or re-stained.",
        "One of each group stays, the others are dropped.",
    ),
    Kind(
        "undecodable",
        "Unreadable files",
        "The file is missing, empty, truncated or not a picture.",
        "Dropped; nothing can be trained on them. Mend or fetch them again if you can.",
    ),
    Kind(
        "blank",
        "Blank fields",
        "A field without a white cell or platelet in its middle, or nothing at all.",
        "Dropped.",
    ),
    Kind(
        "low-information",
        "Little in the image",
        "The image holds far less detail than the others.",
        _REVIEW,
    ),
    Kind("blur", "Blurred", "The image is out of focus.", _REVIEW),
    Kind("dark", "Too dark", "The image is far darker than it should be.", _REVIEW),
    Kind("bright", "Too bright", "The image is washed out.", _REVIEW),
    Kind(
        "odd-size",
        "Odd sizes",
        "The image's size or shape is unlike that of the others.",
        _REVIEW,
    ),
)
"""The kinds of findings, in the order in which pages and tables show them: leaks and conflicts first."""

KIND_NAMES: tuple[str, ...] = tuple(kind.name for kind in KINDS)

COPIES: frozenset[str] = frozenset({"leak", "conflict", "identical", "near-duplicate"})
"""The kinds that speak of a group of copies; ``related`` names the others of the group."""


class Finding(NamedTuple):
    """One finding.

    Attributes:
        row: the image's row position in the Manifest.
        kind: one of ``KIND_NAMES``.
        score: from 0 to 1, 1 = most certain.
        reason: why, in words.
        related: row positions of the images it has to do with; of a copy, the other copies.
        verdict: one of `hemascope.data.manifest.VERDICTS`.
        label: the class that the image gets by the verdict relabel, and until then what it looks like; "" where the
            finding says nothing of it.
    """

    row: int
    kind: str
    score: float
    reason: str
    related: tuple[int, ...] = ()
    verdict: str = "review"
    label: str = ""


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Findings as a table, a column a field of `Finding`, in the order of the kinds, the most certain first.

    Returns:
        Columns row (int64), kind (str), score (float64), reason (str), related (tuples of int), verdict (str),
        label (str).
    """
    order = {name: place for place, name in enumerate(KIND_NAMES)}
    rows = sorted(findings, key=lambda found: (order[found.kind], -found.score, found.row))
    return pd.DataFrame(rows, columns=list(Finding._fields)).astype(
        {
            "row": np.int64,
            "kind": "str",
            "score": np.float64,
            "reason": "str",
            "related": object,
            "verdict": "str",
            "label": "str",
        }
    )


def each_finding(table: pd.DataFrame) -> Iterable[Finding]:
    """The rows of `findings_table` again."""
    for row, kind, score, reason, related, *said in zip(*(table[name] for name in Finding._fields), strict=True):
        yield Finding(int(row), kind, float(score), reason, tuple(int(other) for other in related), *said)


def images_by_kind(table: pd.DataFrame) -> dict[str, int]:
    """How many images have a finding of each kind; kinds without any are left out."""
    counted = table.groupby("kind")["row"].nunique()
    return {name: int(counted[name]) for name in KIND_NAMES if name in counted.index}


def verdicts_by_kind(table: pd.DataFrame) -> pd.DataFrame:
    """What each kind of finding comes to.

    Returns:
        A row a kind that there is, in the order of the kinds; int64 columns images, then how many of its findings have
        each verdict.
    """
    counts = pd.crosstab(table["kind"], table["verdict"]).reindex(columns=list(VERDICTS), fill_value=0)
    images = images_by_kind(table)
    counts = counts.reindex(list(images), fill_value=0).astype(np.int64)
    counts.insert(0, "images", list(images.values()))
    return counts


@dataclass(frozen=True)
class Audit:
    """What an audit has found.

    Attributes:
        manifest: as the source gives it, with ``error`` and ``group`` filled: copies are in one group.
        findings: as `hemascope.audit.findings.findings_table` makes it, with the recommended verdicts.
        scores: a row an image: ``path`` (`Manifest.ids`), then a float64 column a kind of finding, from 0 to
            1 = most suspicious.
        positions: float32 (n, 2), a map of the set; NaN where an image has no place on it.
        notes: observations on the whole set.
        seconds: time of each step.
    """

    manifest: Manifest
    findings: pd.DataFrame
    scores: pd.DataFrame
    positions: np.ndarray
    notes: tuple[str, ...]
    seconds: dict[str, float]
