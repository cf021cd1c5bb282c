"""The findings of an audit as contact sheets: a sheet a kind, on it a card an image, or a group of copies."""

import html
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from hemascope.audit.findings import COPIES, KINDS, Finding, Kind, each_finding
from hemascope.audit.verdicts import copy_groups, image_verdicts
from hemascope.cells import title
from hemascope.data.manifest import VERDICTS, Manifest
from hemascope.data.reading import read_images
from hemascope.errors import DecodeError
from hemascope.report.data_part import short_name
from hemascope.report.gallery import picture
from hemascope.shown import side_by_side

MOST_PICTURES = 60
"""On a sheet; what does not fit is counted."""

MOST_IN_NOTEBOOK = 8
"""Pictures of a kind where a notebook shows the surest."""

MOST_ON_CARD = 6
MOST_RELATED = 2
"""Images beside one that is no copy."""

SIDE = 112
"""Longest side of a picture in pixels."""

_QUALITY = 76


class Shot(NamedTuple):
    """One picture with its caption.

    Attributes:
        picture: data URI, "" where there is nothing to see.
        label: title of its class, "" where unlabelled.
        split: "" where it has none.
        verdict: one of `hemascope.data.manifest.VERDICTS`.
        name: of its file.
        place: the same with folders.
        line: of its finding in findings.csv, from 0 below the header; -1 for an image that is shown for comparison.
    """

    picture: str
    label: str
    split: str
    verdict: str
    name: str
    place: str
    line: int = -1


class Card(NamedTuple):
    """An image with a finding and the images it relates to, or a group of copies.

    Attributes:
        shots: the images of the finding.
        related: for comparison; empty for a group of copies.
        reason: why, in words.
        score: from 0 to 1.
        more: how many copies of the group are not shown.
    """

    shots: tuple[Shot, ...]
    related: tuple[Shot, ...]
    reason: str
    score: float
    more: int


class Sheet(NamedTuple):
    """One kind of finding.

    Attributes:
        kind: which.
        images: how many have it.
        groups: how many groups of copies these are; 0 for a kind that is not about copies.
        verdicts: images by the verdict of this kind's findings.
        cards: the most certain first.
        hidden: images that the cards do not show.
    """

    kind: Kind
    images: int
    groups: int
    verdicts: dict[str, int]
    cards: tuple[Card, ...]
    hidden: int


class _Plan(NamedTuple):
    findings: list[Finding]
    related: tuple[int, ...]
    more: int


def sheets(manifest: Manifest, findings: pd.DataFrame, most: int = MOST_PICTURES) -> tuple[Sheet, ...]:
    """A sheet a kind that has findings, in the order of the kinds. Reads the images that are shown, no others.

    Args:
        manifest: the images.
        findings: of them.
        most: pictures on a sheet.
    """
    groups = copy_groups(findings, len(manifest))
    of_kind = {kind: list(each_finding(findings[findings["kind"] == kind.name])) for kind in KINDS}
    plans = {kind: _planned(kind, found, groups, most) for kind, found in of_kind.items() if found}
    rows = {row for kind_plans in plans.values() for plan in kind_plans for row in _rows(plan)}
    shots = _shots(manifest, sorted(rows), image_verdicts(findings, len(manifest)))
    lines = {(found.row, found.kind): line for line, found in enumerate(each_finding(findings))}
    return tuple(
        _sheet(kind, of_kind[kind], kind_plans, groups, shots, manifest, lines) for kind, kind_plans in plans.items()
    )


def surest(manifest: Manifest, findings: pd.DataFrame) -> str:
    """The surest findings of every kind as pictures in HTML, for a notebook, which has none of the page's style."""
    return "".join(
        f"<p><b>{html.escape(sheet.kind.title)}</b>: {sheet.images:,}</p>{side_by_side(map(_figure, sheet.cards))}"
        for sheet in sheets(manifest, findings, MOST_IN_NOTEBOOK)
    )


def _figure(card: Card) -> str:
    """A card: its pictures, those beside them paler, and the reason."""
    pictures = [_shown(shot, shot.verdict) for shot in card.shots]
    pictures += [_shown(shot, "beside it", 0.5) for shot in card.related]
    width = SIDE * len(pictures) + 8 * (len(pictures) - 1)
    return (
        f'<figure style="margin:0 0 1em;width:{width}px"><div style="display:flex;gap:8px">{"".join(pictures)}</div>'
        f'<figcaption style="font-size:smaller;margin-top:4px">{html.escape(card.reason)}</figcaption></figure>'
    )


def _shown(shot: Shot, note: str, opacity: float = 1) -> str:
    words = html.escape(", ".join(filter(None, (shot.label, note))))
    inside = f'<img alt="{words}" src="{shot.picture}" style="width:{SIDE}px">' if shot.picture else "(not readable)"
    return f'<div style="width:{SIDE}px;opacity:{opacity};font-size:smaller">{inside}<br>{words}</div>'


def _planned(kind: Kind, found: list[Finding], groups: np.ndarray, room: int) -> list[_Plan]:
    """What is shown: as many whole cards as there is room for."""
    if kind.name in COPIES:
        members: dict[int, list[Finding]] = {}
        for one in found:
            members.setdefault(int(groups[one.row]), []).append(one)
        order = {verdict: place for place, verdict in enumerate(VERDICTS)}
        cards = [
            _Plan(sorted(group, key=lambda one: order[one.verdict])[:MOST_ON_CARD], (), len(group) - MOST_ON_CARD)
            for group in members.values()
        ]
    else:
        cards = [_Plan([one], one.related[:MOST_RELATED], 0) for one in found]
    shown = []
    for card in cards:
        room -= len(_rows(card))
        if room < 0:
            break
        shown.append(card)
    return shown


def _rows(plan: _Plan) -> list[int]:
    return [*(found.row for found in plan.findings), *plan.related]


def _shots(manifest: Manifest, rows: list[int], verdicts: np.ndarray) -> dict[int, Shot]:
    chosen = manifest.rows(np.array(rows, np.int64))
    pictures = {
        rows[place]: "" if isinstance(image, DecodeError) else picture(image, SIDE, _QUALITY)
        for place, image in read_images(chosen)
    }
    return {
        row: Shot(
            pictures[row],
            title(label),
            split,
            str(verdicts[row]),
            short_name(path, member).rpartition("/")[2],
            short_name(path, member),
        )
        for row, path, member, label, split in zip(
            rows, *(chosen.table[name] for name in ("path", "member", "label", "split")), strict=True
        )
    }


def _sheet(
    kind: Kind,
    found: list[Finding],
    plans: list[_Plan],
    groups: np.ndarray,
    shots: dict[int, Shot],
    manifest: Manifest,
    lines: dict[tuple[int, str], int],
) -> Sheet:
    counted = Counter(one.verdict for one in found)
    shown = sum(len(plan.findings) for plan in plans)
    return Sheet(
        kind,
        len({one.row for one in found}),
        len({int(groups[one.row]) for one in found}) if kind.name in COPIES else 0,
        {verdict: counted[verdict] for verdict in reversed(VERDICTS) if counted[verdict]},
        tuple(_card(plan, shots, manifest, lines) for plan in plans),
        len(found) - shown,
    )


def _card(plan: _Plan, shots: dict[int, Shot], manifest: Manifest, lines: dict[tuple[int, str], int]) -> Card:
    # Of copies, the one that goes says what it is a copy of.
    first = max(plan.findings, key=lambda found: (found.verdict != "keep", found.score))
    return Card(
        tuple(
            shots[found.row]._replace(verdict=found.verdict, line=lines[found.row, found.kind])
            for found in plan.findings
        ),
        tuple(shots[row] for row in plan.related),
        _with_short_names(first.reason, manifest, _mentioned(plan, first)),
        first.score,
        max(plan.more, 0),
    )


def _mentioned(plan: _Plan, first: Finding) -> Iterable[int]:
    return dict.fromkeys([*_rows(plan), *first.related])


def _with_short_names(reason: str, manifest: Manifest, rows: Iterable[int]) -> str:
    """A reason without the folders of the images that it names."""
    for row in rows:
        path, member = manifest.table["path"].iloc[row], manifest.table["member"].iloc[row]
        name = short_name(path, member)
        reason = reason.replace(f"{path}#{member}" if member else path, name)
    return reason
