"""What became of a row: result.json in its folder."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hemascope.bench.file import Bench, Row
from hemascope.errors import RunError
from hemascope.evaluate.compare.contender import Cost
from hemascope.files import write_text
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
        write_text(folder / FILE_NAME, json.dumps({"format_version": FORMAT_VERSION, **asdict(self)}, indent=1) + "\n")


def read_outcome(folder: Path) -> RowOutcome | None:
    """Read what `RowOutcome.write` wrote; None where the row was not run to its end.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        about = json.loads(path.read_text("utf-8"))
        version = int(about.pop("format_version"))
        outcome = RowOutcome(**{**about, "cost": Cost(**about["cost"])})
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise RunError(f"{path}: cannot be read ({problem!r})", "Delete it to measure the row again.") from problem
    if version > FORMAT_VERSION:
        raise RunError(f"{path}: written by a newer hemascope", "Use that version, or name another folder with -o.")
    return outcome


def settings_of(bench: Bench, row: Row, recipe: Recipe) -> str:
    """A digest of all that makes a row's scores."""
    # Without the defaults: a later version's new key, left alone, does not make it another row.
    own = recipe.model_dump(mode="json", exclude_defaults=True)
    parts = [own, str(row.run), row.table, bench.hidden.model_dump(), bench.tta_steps]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
