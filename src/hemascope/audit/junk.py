"""Images that show no cell: by what the embedded network says, and by how unlike all others they are."""

import numpy as np

from hemascope.audit.features import CLASSES
from hemascope.audit.findings import Finding
from hemascope.audit.neighbours import Neighbours
from hemascope.audit.scale import robust_z, suspicion

# Limits above which at most one in a thousand of the cells of PBC lies.
_ODDS = 2.5  # log odds of 'no cell'
_ALONE = 5.0  # deviations of those odds in the set, whose cells may all look strange to the network
_OUTLYING = 11.0  # deviations of the outlyingness
_BOTH = (5.0, 6.0)  # of odds and outlyingness together

_REASONS = {
    "junk": "looks like a photograph, a drawing, text or a picture over a cell",
    "blank": "shows a field without a white cell or platelet in its middle",
}
_UNLIKE = "is unlike all other images of the set"


def check_junk(shows: np.ndarray, outlyingness: np.ndarray) -> tuple[dict[str, np.ndarray], list[Finding]]:
    """Find images without a cell.

    Stain and camera of another laboratory make all its cells look a little strange to the network. So an image is
    junk only if its odds are high in themselves and stand out from the set, or if it is unlike all others as well.

    Args:
        shows: float32 (n, 3), probabilities of `CLASSES`; NaN where unreadable.
        outlyingness: float64 (n,), as of `hemascope.audit.junk.outlyingness`; NaN where unreadable.

    Returns:
        The scores of ``junk`` and ``blank``, float64 (n,) in [0, 1], at least a half where it is a finding; and the
        findings, one an image at most.
    """
    seen = np.maximum(shows.astype(np.float64), 1e-30)
    cell, junk, blank = (seen[:, CLASSES.index(name)] for name in CLASSES)
    odds = np.log(junk + blank) - np.log(cell)
    deviations = _deviations(odds)
    network = np.minimum(suspicion(odds, _ODDS, width=2.0), suspicion(deviations, _ALONE, width=1.0))
    both = np.minimum(suspicion(deviations, _BOTH[0], width=1.0), suspicion(outlyingness, _BOTH[1], width=1.0))
    unlike = np.maximum(both, suspicion(outlyingness, _OUTLYING, width=1.0))
    score = np.maximum(network, unlike)
    share = np.nan_to_num(blank / (junk + blank))
    # Each kind has its part of the score; a finding has the whole of it, under the likelier name.
    scores = {"junk": score * (1 - share), "blank": score * share}
    findings = []
    for row in np.flatnonzero(score >= 0.5).tolist():
        kind = "blank" if share[row] > 0.5 and network[row] >= 0.5 else "junk"
        scores[kind][row] = score[row]
        reason = _REASONS[kind] if network[row] >= unlike[row] else _UNLIKE
        findings.append(Finding(row, kind, float(score[row]), reason))
    return scores, findings


def _deviations(odds: np.ndarray) -> np.ndarray:
    """Deviations from the usual odds, both read off the lower part of the set, where junk does not reach."""
    known = odds[np.isfinite(odds)]
    if not len(known):
        return odds
    low, middle = np.quantile(known, [0.05, 0.3])
    deviation = max((middle - low) / (1.645 - 0.524), 0.5)  # of a normal distribution with these two quantiles
    return (odds - (middle + 0.524 * deviation)) / deviation


_NEIGHBOURS = 5  # copies of an outlier, if they are few, do not make it usual
_COMPONENTS = 64


def outlyingness(embedding: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How far each image lies from its fifth nearest neighbour, compared with the rest of the set.

    Args:
        embedding: float32 (n, d), as of `hemascope.audit.features.embed`.
        rows: positions of the images that it holds.

    Returns:
        float64 (n,): deviations (1.4826 MAD) of the distance's logarithm from its median; NaN in the other rows.
    """
    distance = np.full(len(embedding), np.nan)
    if len(rows) > _NEIGHBOURS:
        points = embedding[rows, :_COMPONENTS]
        for asking, nearest, _ in Neighbours(points).nearest(points, _NEIGHBOURS + 1):
            distance[rows[asking]] = np.log(np.maximum(nearest[:, -1], 1e-6))
    return robust_z(distance, np.zeros(len(embedding)), floor=0.05)
