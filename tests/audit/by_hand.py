"""An Audit as a data set with planted problems gives it, put together by hand."""

from pathlib import Path

import numpy as np
import pandas as pd

from hemascope.audit.findings import KIND_NAMES, Audit, Finding, findings_table
from hemascope.audit.verdicts import recommend
from tests.report.conftest import draw_images

FOUND = (
    Finding(8, "identical", 1.0, "agrees in every pixel with {0}", (0,)),
    Finding(0, "identical", 1.0, "agrees in every pixel with {8}", (8,)),
    Finding(1, "near-duplicate", 0.93, "mirrored copy of {105}", (105,)),
    Finding(105, "near-duplicate", 0.93, "mirrored copy of {1}", (1,)),
    Finding(1, "leak", 0.93, "one picture under 2 splits: train (1), val (1)", (105,)),
    Finding(105, "leak", 0.93, "one picture under 2 splits: train (1), val (1)", (1,)),
    Finding(2, "conflict", 1.0, "one picture under 2 labels: erythroblast (1), immature_granulocyte (1)", (3,)),
    Finding(3, "conflict", 1.0, "one picture under 2 labels: erythroblast (1), immature_granulocyte (1)", (2,)),
    Finding(2, "identical", 1.0, "agrees in every pixel with {3}", (3,)),
    Finding(3, "identical", 1.0, "agrees in every pixel with {2}", (2,)),
    Finding(4, "label", 0.98, "looks like a platelet (0.98), labelled lymphocyte", (7, 15, 23, 31)),
    Finding(5, "junk", 0.99, "a photograph: unlike all other images", ()),
    Finding(6, "undecodable", 1.0, "truncated file", ()),
    Finding(5, "blur", 0.61, "sharpness 0.02; the set's median is 0.31", ()),
)
"""Numbers in braces stand for the names of those rows."""


def audit_by_hand(folder: Path, n: int = 160, found: tuple[Finding, ...] = FOUND) -> Audit:
    """Dots in class folders with the findings above."""
    manifest = draw_images(folder, n)
    errors = [""] * n
    errors[6] = f"{manifest.table['path'].iloc[6]}: truncated file"
    group = np.full(n, -1)
    for one in found:
        if one.related and one.kind != "label":
            group[one.row] = min(one.row, *one.related)
    manifest = manifest.with_columns(error=errors, group=group)
    ids = manifest.ids.tolist()
    findings = findings_table(one._replace(reason=one.reason.format(*ids)) for one in found)
    scores = pd.DataFrame({"path": manifest.ids, **{name: np.zeros(n) for name in KIND_NAMES}})
    for one in found:
        scores.loc[one.row, one.kind] = one.score
    generator = np.random.default_rng(0)
    positions = generator.normal(manifest.targets()[:, None] * [1.0, 0.3], 0.4).astype(np.float32)
    positions[6] = np.nan
    return Audit(
        manifest,
        recommend(findings, manifest),
        scores,
        positions,
        ("Basophils are rare.",),
        {"embedding": 1.5, "duplicates": 0.5},
    )
