"""Two data sets as one, to audit them against each other."""

from dataclasses import replace

import numpy as np
import pandas as pd

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest


def join(manifest: Manifest, against: Manifest) -> Manifest:
    """Put the rows of ``against`` below those of ``manifest``.

    Where a set names no splits, the first one's images are ``train`` and the second one's ``test``, so that copies
    between the two are leaks. The classes are those of both; groups stay apart.
    """
    first, second = _with_split(manifest, "train"), _with_split(against, "test")
    offset = int(first.table["group"].max()) + 1 if len(first) else 0
    group = second.table["group"].to_numpy(np.int64)
    second = second.with_columns(group=np.where(group < 0, -1, group + offset))
    classes = tuple(dict.fromkeys((*manifest.classes, *against.classes)))
    return replace(
        manifest,
        table=pd.concat([first.table, second.table], ignore_index=True),
        classes=BLOOD_CLASSES if set(classes) == set(BLOOD_CLASSES) else classes,
        name=f"{manifest.name} against {against.name}",
        licence=_both(manifest.licence, against.licence),
        attribution=_both(manifest.attribution, against.attribution),
    )


def _with_split(manifest: Manifest, split: str) -> Manifest:
    named = manifest.table["split"]
    return manifest if (named != "").any() else manifest.with_columns(split=[split] * len(named))


def _both(one: str, other: str) -> str:
    return "; ".join(dict.fromkeys(filter(None, (one, other))))
