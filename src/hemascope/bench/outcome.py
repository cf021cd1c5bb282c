"""What became of a row: result.json in its folder."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hemascope.bench.file import Bench, Row
from hemascope.evaluate.compare.contender import Cost
from hemascope.formats import read_versioned, write_versioned
from hemascope.train.recipe import Recipe

FORMAT_VERSION = 1
FILE_NAME = "result.json"


@dataclass(frozen=True)
class RowOutcome:
    """What became of a row.

    Attributes:
        done: False where it failed.
        settings: digest of the recipe and of what is measured; another one is another row.
        reason: why it failed.
        scratch: whether it was trained from scratch because its pretrained weights could not be had.
        cost: minutes, parameters and so on.
        machine: on which they were measured.
    """

    done: bool
    settings: str
    reason: str = ""
    scratch: bool = False
    cost: Cost = field(default_factory=Cost)
    machine: str = ""

    def write(self, folder: Path) -> None:
        """Write result.json, whole or not at all."""
        write_versioned(folder / FILE_NAME, asdict(self), FORMAT_VERSION)


def read_outcome(folder: Path) -> RowOutcome | None:
    """Read what `RowOutcome.write` wrote; None where the row was not run to its end.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """
    return read_versioned(
        folder / FILE_NAME,
        lambda about: RowOutcome(**{**about, "cost": Cost(**about["cost"])}),
        FORMAT_VERSION,
        what="the outcome of a row",
        remedy="Delete it to measure the row again.",
    )


def settings_of(bench: Bench, row: Row, recipe: Recipe) -> str:
    """A digest of all that makes a row's scores."""
    # Without the defaults: a later version's new key, left alone, does not make it another row.
    own = recipe.model_dump(mode="json", exclude_defaults=True)
    parts = [own, str(row.run), row.table, bench.hidden.model_dump(), bench.tta_steps]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
