"""What an audit gives: a light module, so that pages and records of an audit need nothing of what finds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hemascope.data.manifest import Manifest

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, how much of it is done, and of how much."""


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
