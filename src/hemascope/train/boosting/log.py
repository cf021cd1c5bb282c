"""boosting.json: what each round of a boosting came to."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hemascope.errors import RunError
from hemascope.files import write_text

FORMAT_VERSION = 1
FILE_NAME = "boosting.json"


@dataclass(frozen=True)
class Round:
    """One weak learner.

    Attributes:
        error: weighted share of the training examples that it got wrong.
        alpha: weight of its vote.
        train_accuracy: unweighted, of it alone.
        val_accuracy: of it alone.
        ensemble_val_accuracy: of it and those before it together.
        seconds: that its training took.
    """

    error: float
    alpha: float
    train_accuracy: float
    val_accuracy: float
    ensemble_val_accuracy: float
    seconds: float


@dataclass(frozen=True)
class BoostingLog:
    """The rounds of a boosting.

    Attributes:
        over: networks or features.
        planned: rounds that the recipe asked for.
        chance: the error of guessing, which a weak learner must stay below.
        rounds: those that are kept.
        stopped: why there are fewer than planned; "" where there are not, or where it still goes on.
    """

    over: str
    planned: int
    chance: float
    rounds: tuple[Round, ...] = field(default=())
    stopped: str = ""

    def write(self, folder: Path) -> None:
        """Write boosting.json, whole or not at all."""
        about = {"format_version": FORMAT_VERSION, **asdict(self)}
        write_text(folder / FILE_NAME, json.dumps(about, indent=1, allow_nan=False) + "\n")


def read_boosting(folder: Path) -> BoostingLog | None:
    """Read what `BoostingLog.write` wrote; None where a Run has none.

    Raises:
        RunError: a file that cannot be read, or of a newer format.
    """
    if not (folder / FILE_NAME).is_file():
        return None
    remedy = f"Delete {FILE_NAME} to report without it."
    try:
        about: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        version = int(about.pop("format_version"))
        if version > FORMAT_VERSION:
            raise RunError(f"{folder}: its {FILE_NAME} was written by a newer hemascope", remedy)
        rounds = tuple(Round(**each) for each in about.pop("rounds"))
        return BoostingLog(**about, rounds=rounds)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise RunError(f"{folder}: its {FILE_NAME} cannot be read ({problem!r})", remedy) from problem
