"""What a job says of its data before it trains."""

import numpy as np
from rich.console import Console

from hemascope.data.manifest import SPLITS, Manifest
from hemascope.job.parts import mask
from hemascope.report.data_part import reasons_dropped


def tell_data(manifest: Manifest, console: Console) -> None:
    """Print how many images each part has, and what was left out and why."""
    counts = {name: int(mask(manifest, name).sum()) for name in SPLITS}
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    console.print(f"{manifest.name or 'images'}: {parts}, {len(manifest.classes)} classes", highlight=False)
    errors = manifest.table["error"]
    unreadable = int((errors != "").sum())
    if unreadable:
        first = int(np.argmax((errors != "").to_numpy()))
        console.print(
            f"left out: {unreadable:,} unreadable, first {manifest.ids.iloc[first]} ({errors.iloc[first]}); "
            "all are listed in the report",
            highlight=False,
        )
    for reason, count in reasons_dropped(manifest).value_counts().items():
        console.print(f"left out: {count:,}, {reason}", highlight=False)
