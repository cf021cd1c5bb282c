"""What the user has decided otherwise than the audit, carried over to the findings."""

from collections import defaultdict
from typing import NamedTuple

import pandas as pd

from hemascope.audit.findings import Finding, each_finding, findings_table
from hemascope.audit.verdicts import STRICTNESS
from hemascope.data.manifest import Manifest

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

    A verdict is the user's where it differs from the one that was recommended, or where the row was added. Rows that
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
    before, after = _verdicts(recommended), _verdicts(edited)
    changes = {key: verdict for key, verdict in after.items() if before.get(key) != verdict}
    now = _rows_now(former, manifest)
    changes = {(now[row], kind): verdict for (row, kind), verdict in changes.items() if row in now}
    said = {(now[found.row], found.kind): found for found in each_finding(edited) if found.row in now}

    findings = [
        found._replace(verdict=changes.get((found.row, found.kind), found.verdict)) for found in each_finding(computed)
    ]
    known = {(found.row, found.kind) for found in findings}
    findings += [_moved(said[key], key[0], now) for key in changes if key not in known]
    return Decided(findings_table(findings), len(changes))


def _moved(found: Finding, row: int, now: dict[int, int]) -> Finding:
    return found._replace(row=row, related=tuple(now[other] for other in found.related if other in now))


def _verdicts(findings: pd.DataFrame) -> dict[_Key, str]:
    """The verdict of each image and kind, the strictest where a table gives several."""
    verdicts: dict[_Key, str] = {}
    for found in each_finding(findings):
        key = (found.row, found.kind)
        verdicts[key] = max(verdicts.get(key, "keep"), found.verdict, key=STRICTNESS.index)
    return verdicts


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
