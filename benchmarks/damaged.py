"""How damaged fields and slides end in one count: in cells or in an error, and in how many seconds.

    python benchmarks/damaged.py [--files 1000] [--seed 0] [--keep FOLDER]

Draws smears, writes them as fields (JPEG, PNG, TIFF) and slides (pyramids in TIFF, OME-TIFF and SVS, of two windows),
and damages each file in up to four places, as `make fuzz` does. Counts all of them in one run by the shipped detector
and model, and prints a Markdown table. A file without a row, or five minutes without a field, ends it with an error.
"""

import argparse
import csv
import faulthandler
import os
import sys
import time
from collections import Counter, defaultdict
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

import hemascope
from hemascope.data.decode import LIMIT
from hemascope.data.smears import draw
from hemascope.fields.slides.windows import SIDE
from hemascope.files import scratch
from hemascope.progress import Silent

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.fuzz.engine import Target
from tests.fuzz.fields import targets

_HANGS = 300.0  # seconds
_SMEAR = 64  # pixels along a side of a drawn smear
_PIXELS = "200000"  # that a picture may have: a TIFF of more is read as a slide


def field() -> np.ndarray:
    """Four drawn smears."""
    rows = [np.concatenate([draw(0, at + index, _SMEAR).image for index in (0, 1)], 1) for at in (0, 4)]
    return np.concatenate(rows)


def slide() -> np.ndarray:
    """Some drawn smears on glass, one of them where two windows meet."""
    whole = np.full((_SMEAR, SIDE + 80, 3), 236, np.uint8)
    for index, left in enumerate((20, 84, 700, SIDE - _SMEAR // 2)):
        whole[:, left : left + _SMEAR] = draw(1, index, _SMEAR).image
    return whole


class Watch(Silent):
    """Takes the time from field to field, and ends a process that hangs."""

    def __init__(self) -> None:
        self.longest, self._last = 0.0, time.monotonic()
        faulthandler.dump_traceback_later(_HANGS, exit=True)

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """A field is done."""
        now = time.monotonic()
        self.longest, self._last = max(self.longest, now - self._last), now
        faulthandler.dump_traceback_later(_HANGS, exit=True)


def write(folder: Path, kind: str, target: Target, count: int, number: int) -> None:
    """Write so many damaged files of a kind, no two alike."""
    found: dict[bytes, None] = {}
    options = settings(
        max_examples=2 * count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    options(seed(number)(given(target.files)(lambda data: found.setdefault(data))))()
    for at, data in enumerate(list(found)[:count]):
        (folder / f"{kind}-{at:04d}{target.file[target.file.index('.') :]}").write_bytes(data)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a new folder for the files and their count")
    options = parser.parse_args()
    os.environ[LIMIT] = _PIXELS
    kinds = targets(field(), slide())
    with nullcontext(options.keep) if options.keep else scratch() as folder:
        files = folder / "files"
        files.mkdir(parents=True)
        for at, (kind, target) in enumerate(kinds.items()):
            share = range(at, options.files, len(kinds))
            write(files, kind, target, len(share), options.seed + at)
        started, cpu, watch = time.monotonic(), time.process_time(), Watch()
        counted = hemascope.count(files, output=folder / "counted", progress=watch)
        wall, cpu = time.monotonic() - started, time.process_time() - cpu
        faulthandler.cancel_dump_traceback_later()
        table(list(kinds), files, folder / "counted" / "fields.csv")
    print(f"\n{options.files:,} files, {counted.fields:,} fields of them, {counted.failed:,} in an error, "
          f"{sum(counted.totals.kinds.values()):,} cells; {wall:.0f} s ({cpu:.0f} s of computing), "
          f"{watch.longest:.1f} s the longest field")  # fmt: skip


def table(kinds: list[str], files: Path, fields: Path) -> None:
    """Print how the files of each kind ended.

    Raises:
        SystemExit: one has no row.
    """
    errors: dict[str, list[bool]] = defaultdict(list)
    with fields.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            errors[Path(row["field"].partition("#")[0]).name].append(bool(row["error"]))
    lost = [path.name for path in files.iterdir() if path.name not in errors]
    print("| files | counted | in part | in an error |\n|---|---|---|---|")
    for kind in kinds:
        ends = Counter(
            "error" if all(own) else "part" if any(own) else "counted"
            for name, own in errors.items()
            if name.startswith(f"{kind}-")
        )
        print(f"| {kind}, {ends.total():,} | {ends['counted']:,} | {ends['part']:,} | {ends['error']:,} |")
    if lost:
        sys.exit(f"{len(lost):,} files have no row, first {min(lost)}")


if __name__ == "__main__":
    main()
