"""Functions that the tests run as tasks; workers import them by name."""

import os
import time
from pathlib import Path
from typing import Any

from hemascope.errors import RecipeError
from hemascope.progress import Progress


def double(value: Any, *, progress: Progress) -> Any:
    progress.step("doubling", 1)
    progress.say(f"doubling {value}")
    return value * 2


def fail(number: int, *, progress: Progress) -> None:
    if number == 1:
        raise RecipeError("it cannot be", "Do another.")
    time.sleep(600)


def divide(*, progress: Progress) -> float:
    return 1 / 0


def tell_numbers(*, progress: Progress, tell: Any) -> str:
    for number in range(100):
        tell(number)
    return "told all"


def count_up(
    folder: Path, to: int, seconds: float, beside: Path | None = None, *, progress: Progress
) -> tuple[int, int]:
    """Count in a file, and go on from it, once another has begun; gives how far, and how many processes took part."""
    file, processes = folder / "count", folder / "processes"
    with processes.open("a") as out:
        out.write(f"{os.getpid()}\n")
    while beside and not (beside / "processes").is_file():
        time.sleep(0.1)
    count = int(file.read_text()) if file.is_file() else 0
    while count < to:
        time.sleep(seconds)
        count += 1
        file.write_text(str(count))
        progress.say(f"at {count}")
    return count, len(processes.read_text().split())
