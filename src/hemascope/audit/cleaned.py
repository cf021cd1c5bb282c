"""The cleaned Manifest: every image is still in it, with a verdict."""

import numpy as np
import pandas as pd

from hemascope.audit.verdicts import STRICTNESS, image_verdicts
from hemascope.data.manifest import Manifest

FILE_NAME = "cleaned.parquet"


def cleaned(manifest: Manifest, findings: pd.DataFrame) -> Manifest:
    """Write the verdicts of the findings into the Manifest; nothing is deleted, and groups stay as they are.

    An image gets the strictest verdict of its findings, or the one that it had before where that is stricter.
    Training passes over what is dropped and what cannot be read; ``review`` is trained on. Copies under different
    labels are dropped until they are decided (`hemascope.audit.verdicts`).

    Args:
        manifest: of the audit, with ``error`` and ``group`` filled.
        findings: of the audit, perhaps with verdicts of the user.
    """
    rank = {name: place for place, name in enumerate(STRICTNESS)}
    before = manifest.table["verdict"].map(rank).to_numpy(np.int64)
    found = np.array([rank[verdict] for verdict in image_verdicts(findings, len(manifest))], np.int64)
    return manifest.with_columns(verdict=np.array(STRICTNESS, object)[np.maximum(before, found)])


def verdict_counts(manifest: Manifest, clean: Manifest) -> pd.DataFrame:
    """What the verdicts do to each class.

    Args:
        manifest: before.
        clean: after, row by row.

    Returns:
        A row a class in label order, then ``""`` where there are images without a label. int64 columns: before
        (usable images), dropped (of these), after (those left), review (of those left, the ones worth a look).
    """
    before, after = manifest.usable, clean.usable
    table = pd.DataFrame(
        {
            "label": clean.table["label"],
            "before": before,
            "dropped": before & ~after,
            "after": after,
            "review": after & (clean.table["verdict"] == "review"),
        }
    )
    counts = table.groupby("label").sum()
    unlabelled = [""] if "" in counts.index else []
    return counts.reindex([*manifest.classes, *unlabelled], fill_value=0).astype(np.int64)
