"""What to do with each image: the verdicts that the audit recommends, and the one of each image.

- Undecodable, junk and blank images: drop.
- A group of copies (identical, near-duplicate, leak): one stays, the others drop. The one that stays is the one that
  nothing else drops; among these the one in the most precious split (test before val before train, as in training);
  among these the largest file, since a copy that was compressed or shrunk again is smaller; among these the first
  in the Manifest. Files inside containers all count as the same size.
- A group of copies under different labels: review, in all of its rows. Nobody but the user can tell which label is
  right, so on a conflict ``review`` keeps an image out, until its verdict is set to keep.
- Everything else: review. On any other kind ``review`` leaves an image in: have a look at it.

The verdict of an image is the strictest of its findings: drop, then relabel, then review, then keep. Relabel is only
ever the user's: the image stays, under the label that the finding names.
"""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from hemascope.audit.findings import COPIES, Finding, each_finding, findings_table
from hemascope.data.groups import join_groups
from hemascope.data.manifest import SPLITS, VERDICTS, Manifest
from hemascope.errors import SourceError

_DROPPED = ("undecodable", "junk", "blank")


def recommend(findings: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Fill the column ``verdict`` by the rules above.

    Args:
        findings: as `hemascope.audit.findings.findings_table` makes them; the verdicts in it are passed over.
        manifest: the images they speak of.

    Returns:
        A copy with the audit's verdicts.
    """
    kinds = findings["kind"]
    verdicts = np.where(kinds.isin(_DROPPED), "drop", "review").astype(object)
    copies = kinds.isin(COPIES).to_numpy()
    if copies.any():
        rows = findings["row"].to_numpy(np.int64)
        spoilt = np.zeros(len(manifest), bool)
        spoilt[rows[verdicts == "drop"]] = True
        spoilt |= ~manifest.usable.to_numpy()
        group = copy_groups(findings, len(manifest))
        disputed = np.unique(group[rows[(kinds == "conflict").to_numpy()]])
        stays = _kept_copies(group, spoilt, manifest)
        decided = copies & ~np.isin(group[rows], disputed)
        verdicts[decided] = np.where(stays[rows[decided]], "keep", "drop")
    return findings.assign(verdict=pd.Series(verdicts, index=findings.index, dtype="str"))


def copy_groups(findings: pd.DataFrame, n: int) -> np.ndarray:
    """The group of copies that each of n images is in, by its findings.

    Returns:
        int64 (n,): the lowest row position of the group; -1 for an image without copies.
    """
    of_copies = findings[findings["kind"].isin(COPIES)]
    links = [
        (row, other) for row, related in zip(of_copies["row"], of_copies["related"], strict=True) for other in related
    ]
    return join_groups(np.full(n, -1), np.array([*links, *((row, row) for row in of_copies["row"])], np.int64))


def image_verdicts(findings: pd.DataFrame, n: int) -> np.ndarray:
    """The verdict of each of n images: the strictest of its findings; ``keep`` where it has none.

    Returns:
        str objects (n,), of `hemascope.data.manifest.VERDICTS`. An undecided conflict is ``drop``.
    """
    undecided = (findings["kind"] == "conflict") & (findings["verdict"] == "review")
    verdicts = findings["verdict"].mask(undecided, "drop")
    strictness = verdicts.map({name: rank for rank, name in enumerate(VERDICTS)}).to_numpy(np.int64)
    strictest = np.zeros(n, np.int64)
    np.maximum.at(strictest, findings["row"].to_numpy(np.int64), strictness)
    return np.array(VERDICTS, object)[strictest]


def new_labels(findings: pd.DataFrame, manifest: Manifest) -> dict[int, str]:
    """The labels that the verdict relabel gives: row -> class.

    Raises:
        SourceError: one image gets two.
    """
    labels: dict[int, str] = {}
    for found in each_finding(findings[findings["verdict"] == "relabel"]):
        if labels.setdefault(found.row, found.label) != found.label:
            raise SourceError(
                f"{manifest.ids.iloc[found.row]}: relabelled as {labels[found.row]} and as {found.label}",
                "Give all of its findings the same label.",
            )
    return labels


def _kept_copies(group: np.ndarray, spoilt: np.ndarray, manifest: Manifest) -> np.ndarray:
    """True for the one image of each group that stays."""
    rows = np.flatnonzero(group >= 0)
    table = manifest.table.iloc[rows]
    precious = table["split"].map({name: rank for rank, name in enumerate(SPLITS)}).fillna(-1).to_numpy()
    sizes = np.array([_file_size(*place) for place in zip(table["path"], table["member"], strict=True)])
    order = np.lexsort((rows, -sizes, -precious, spoilt[rows], group[rows]))
    _, first = np.unique(group[rows][order], return_index=True)
    stays = np.zeros(len(group), bool)
    stays[rows[order[first]]] = True
    return stays


def _file_size(path: str, member: str) -> int:
    try:
        return 0 if member else Path(path).stat().st_size
    except OSError:
        return 0


_Key = tuple[int, str]  # row, kind


class Decided(NamedTuple):
    """Findings with the user's verdicts, and how many verdicts are the user's."""

    findings: pd.DataFrame
    edits: int


def with_edits(
    computed: pd.DataFrame,
    manifest: Manifest,
    edited: pd.DataFrame,
    recommended: pd.DataFrame,
    former: Manifest,
) -> Decided:
    """Let the user's edits of an earlier findings.csv override the verdicts of an audit.

    A verdict is the user's where it differs from the one that was recommended, or where the row was added; relabel
    always is. Rows that
    the user has taken out of the table are as recommended: to keep an image, its verdict says keep. A verdict of the
    user stays also on a finding that the audit no longer makes. Images are known by their path; of those that are
    gone nothing stays.

    Args:
        computed: the findings now, with the verdicts that the audit recommends.
        manifest: the images now.
        edited: the findings as the user left them, of the images ``former``.
        recommended: the same findings as the audit had written them.
        former: the images then.
    """
    before, after = _decisions(recommended), _decisions(edited)
    changes = {key: decision for key, decision in after.items() if _differ(before.get(key), decision)}
    now = _rows_now(former, manifest)
    changes = {(now[row], kind): decision for (row, kind), decision in changes.items() if row in now}
    said = {(now[found.row], found.kind): found for found in each_finding(edited) if found.row in now}

    findings = [
        found._replace(**changes[found.row, found.kind]._asdict()) if (found.row, found.kind) in changes else found
        for found in each_finding(computed)
    ]
    known = {(found.row, found.kind) for found in findings}
    findings += [_moved(said[key], key[0], now) for key in changes if key not in known]
    return Decided(findings_table(findings), len(changes))


def _moved(found: Finding, row: int, now: dict[int, int]) -> Finding:
    return found._replace(row=row, related=tuple(now[other] for other in found.related if other in now))


class _Decision(NamedTuple):
    verdict: str
    label: str


def _decisions(findings: pd.DataFrame) -> dict[_Key, _Decision]:
    """The verdict on each image and kind, the strictest where a table gives several, and its label."""
    decisions: dict[_Key, _Decision] = {}
    for found in each_finding(findings):
        key, decision = (found.row, found.kind), _Decision(found.verdict, found.label)
        decisions[key] = max(decisions.get(key, decision), decision, key=lambda one: VERDICTS.index(one.verdict))
    return decisions


def _differ(before: _Decision | None, after: _Decision) -> bool:
    """Whether a decision is another one; a label has a say in that only where it is given to the image."""
    return before is None or before.verdict != after.verdict or (after.verdict == "relabel" and before != after)


def _rows_now(former: Manifest, manifest: Manifest) -> dict[int, int]:
    """Where each row of the former Manifest is now; rows of one name keep their order."""
    places: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(manifest.ids):
        places[name].append(row)
    found: dict[int, int] = {}
    used: dict[str, int] = defaultdict(int)
    for row, name in enumerate(former.ids):
        if used[name] < len(places[name]):
            found[row] = places[name][used[name]]
            used[name] += 1
    return found


FILE_NAME = "cleaned.parquet"


def cleaned(manifest: Manifest, findings: pd.DataFrame) -> Manifest:
    """Write the verdicts of the findings into the Manifest; nothing is deleted, and groups stay as they are.

    An image gets the strictest verdict of its findings, or the one that it had before where that is stricter, and the
    label that a verdict of relabel gives it. Training passes over what is dropped and what cannot be read; ``review``
    is trained on. Copies under different labels are dropped until they are decided (`hemascope.audit.verdicts`).

    Args:
        manifest: of the audit, with ``error`` and ``group`` filled.
        findings: of the audit, perhaps with verdicts of the user.

    Raises:
        SourceError: one image gets two labels.
    """
    rank = {name: place for place, name in enumerate(VERDICTS)}
    before = manifest.table["verdict"].map(rank).to_numpy(np.int64)
    found = np.array([rank[verdict] for verdict in image_verdicts(findings, len(manifest))], np.int64)
    labels = manifest.table["label"].to_numpy(object).copy()
    for row, label in new_labels(findings, manifest).items():
        labels[row] = label
    return manifest.with_columns(verdict=np.array(VERDICTS, object)[np.maximum(before, found)], label=labels)


def verdict_counts(manifest: Manifest, clean: Manifest) -> pd.DataFrame:
    """What the verdicts do to each class.

    Args:
        manifest: before.
        clean: after, row by row.

    Returns:
        A row a class in label order, then ``""`` where there are images without a label. int64 columns: before
        (usable images), dropped (of these), relabelled (those that came less those that went), after (those left),
        review (of those left, the ones worth a look).
    """
    before, after = manifest.usable, clean.usable
    old, new = manifest.table["label"], clean.table["label"]
    counts = pd.DataFrame(
        {
            "before": old[before].value_counts(),
            "dropped": old[before & ~after].value_counts(),
            "relabelled": new[after].value_counts().sub(old[after].value_counts(), fill_value=0),
            "after": new[after].value_counts(),
            "review": new[after & (clean.table["verdict"] == "review")].value_counts(),
        }
    )
    unlabelled = [""] if "" in counts.index else []
    return counts.reindex([*manifest.classes, *unlabelled]).fillna(0).astype(np.int64)


_UNEVEN = 5.0  # the largest class as a multiple of the smallest
_SMALL = 100  # images below which the scores of a class are uncertain


def notes(manifest: Manifest) -> tuple[str, ...]:
    """Observations on the usable labelled images of a set, in sentences."""
    labels = manifest.table["label"][manifest.usable]
    counts = labels.value_counts().reindex(list(manifest.classes), fill_value=0)
    said = []
    empty = counts.index[counts == 0]
    if len(empty):
        said.append(f"No image of: {', '.join(empty)}. A model trained on this set never answers with these classes.")
    present = counts[counts > 0].sort_values()
    if len(present) > 1 and present.iloc[-1] >= _UNEVEN * present.iloc[0]:
        said.append(
            f"{present.index[-1]} has {present.iloc[-1] / present.iloc[0]:.0f} times as many images as "
            f"{present.index[0]} ({present.iloc[-1]:,} and {present.iloc[0]:,}). Look at the balanced accuracy; the "
            "recipe key `balance` has ways to train on such a set."
        )
    small = present[present < _SMALL]
    if len(small):
        few = ", ".join(f"{name} ({count})" for name, count in small.items())
        said.append(f"Fewer than {_SMALL} images: {few}. The scores of these classes will be uncertain.")
    unlabelled = int((labels == "").sum())
    if unlabelled:
        said.append(f"{unlabelled:,} images have no label.")
    return tuple(said)
