"""How the time and the memory of an audit grow with the number of images, and what that means for ten million.

    python benchmarks/audit_growth.py                            # 10,000, 30,000 and 100,000 synthetic images
    python benchmarks/audit_growth.py --sizes 7000 14000 28000   # on a busy machine: look at the processor seconds
    python benchmarks/audit_growth.py --same A B                 # do two audits' folders hold the same findings?

Every size runs in a process of its own: ``hemascope.audit`` of an uncompressed .npz of 96 x 96 pixels, with its page
and tables. Prints Markdown tables: a row a size, a row a step of the audit, and the projection with what it assumes.
"""

import argparse
import filecmp
import math
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.optimize import nnls

from duplicates import synthetic  # the benchmark beside this one
from hemascope.audit.neighbours import BUCKET, PROBES
from hemascope.cores import usable_cores
from hemascope.pipeline.audit import audit

Result = TypeVar("Result")
TABLES = ("findings.csv", "findings.json", "scores.csv")
TARGET = 10_000_000
COMPLETE = BUCKET * PROBES
FRAMED = 96 * 96 * 3 + 3 * 19 * 10 * 8  # bytes an image that lie in temporary files: its pixels and its spectra
MANY = ("looking for images that are alike", "judging the images")
"""Steps that compare each image with up to `COMPLETE` others; all other steps look at each image by itself."""


class Measured(NamedTuple):
    """One audit.

    Attributes:
        images: how many.
        wall, cpu: seconds of the whole.
        peak: MiB of memory at most.
        findings: how many.
        steps: wall and processor seconds of each step.
    """

    images: int
    wall: float
    cpu: float
    peak: float
    findings: int
    steps: dict[str, tuple[float, float]]


class Stopwatch:
    """A progress that times the steps."""

    def __init__(self) -> None:
        self.steps: dict[str, tuple[float, float]] = {}
        self._now = ("the rest", time.perf_counter(), processor())

    def step(self, name: str, total: int | None = None) -> None:
        """Book the time until now on the step before."""
        before, wall, cpu = self._now
        self._now = (name or "the rest", time.perf_counter(), processor())
        earlier = self.steps.get(before, (0.0, 0.0))
        self.steps[before] = (earlier[0] + self._now[1] - wall, earlier[1] + self._now[2] - cpu)

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """Nothing."""

    def say(self, message: str) -> None:
        """Nothing."""


def processor() -> float:
    """Seconds of processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(file: Path, n: int) -> Measured:
    """Audit n synthetic images."""
    watch, wall, cpu = Stopwatch(), time.perf_counter(), processor()
    done = audit(file, output=file.parent / "audit", progress=watch)
    watch.step("")
    took = time.perf_counter() - wall, processor() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(n, *took, peak, len(done.audit.findings), watch.steps)


def write(file: Path, n: int) -> None:
    """The images as an uncompressed .npz."""
    np.savez(file, images=synthetic(n), labels=np.arange(n, dtype=np.uint8)[:, None] % 8)


def growth(sizes: list[int]) -> None:
    """Measure and print."""
    print(f"{usable_cores()} cores\n")
    print("| images | seconds | processor seconds | peak MiB | findings |\n|---|---|---|---|---|")
    done: list[Measured] = []
    for n in sorted(sizes):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "synthetic.npz"
            apart(write, file, n)
            done.append(one := apart(measure, file, n))
        row(f"{n:,}", f"{one.wall:.0f}", f"{one.cpu:.0f}", f"{one.peak:,.0f}", f"{one.findings:,}")
    if len(done) > 1:
        steps(done)
        project(done)


def apart(function: Callable[[Path, int], Result], file: Path, n: int) -> Result:
    """A call in a process of its own, whose memory is that of the call."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, (file, n))


def steps(done: list[Measured]) -> None:
    """Seconds of each step, and the power of n by which its processor seconds grow from the first to the last size."""
    print("\n| step: processor seconds (wall) | " + " | ".join(f"{one.images:,}" for one in done) + " | grows as n^ |")
    print("|---|" + "---|" * (len(done) + 1))
    for name in done[-1].steps:
        times = [one.steps.get(name, (0.0, 0.0)) for one in done]
        row(name, *(f"{cpu:.1f} ({wall:.1f})" for wall, cpu in times), power(done, [cpu for _, cpu in times]))
    row("all", *(f"{one.cpu:.1f} ({one.wall:.1f})" for one in done), power(done, [one.cpu for one in done]))


def power(done: list[Measured], seconds: list[float]) -> str:
    """The exponent between the first size and the last."""
    if seconds[0] < 0.5:
        return "-"
    return f"{math.log(seconds[-1] / seconds[0]) / math.log(done[-1].images / done[0].images):.2f}"


def project(done: list[Measured]) -> None:
    """From the measured sizes to `TARGET`."""
    n = np.array([one.images for one in done], float)
    hours = {}
    for kind, place in (("processor", 1), ("wall", 0)):
        total = 0.0
        for name in done[-1].steps:
            seconds = np.array([one.steps.get(name, (0.0, 0.0))[place] for one in done])
            total += grown(n, seconds, name in MANY)
        hours[kind] = total / 3600
    memory, _ = nnls(np.stack([np.ones_like(n), n], axis=1), np.array([one.peak for one in done]))
    print(
        f"\n{TARGET:,} images: {hours['processor']:.1f} processor hours, {hours['wall']:.1f} hours on {usable_cores()} "
        f"cores, {memory[1] * TARGET / 1024:.0f} GiB of memory, {FRAMED * TARGET / 2**30:.0f} GiB of temporary files."
        "\n\n"
        "Assumed:\n"
        "- each step takes a fixed time and one in proportion to the images; those that compare images "
        f"({', '.join(MANY)}) also one in proportion to their square up to {COMPLETE:,} images, and beyond as much for "
        "each image as there;\n"
        "- the share of images with findings and of pairs that are alike stays as it is here;\n"
        "- memory grows as between these sizes; what is beyond half a GiB an array lies in temporary files on a disk "
        "that is as fast at ten million images as at these."
    )


def grown(n: np.ndarray, seconds: np.ndarray, many: bool) -> float:
    """Seconds of a step at `TARGET`, by least squares with no negative part."""
    terms = [np.ones_like(n), n, n**2] if many else [np.ones_like(n), n]
    scale = np.array([term.max() for term in terms])
    part, _ = nnls(np.stack(terms, axis=1) / scale, seconds)
    fixed, each, *square = part / scale
    compared = square[0] * min(TARGET, COMPLETE) if square else 0.0
    return float(fixed + (each + compared) * TARGET)


def same(one: Path, other: Path) -> None:
    """Say of each table of two audits whether it is the same, byte by byte."""
    for name in TABLES:
        equal = filecmp.cmp(one / name, other / name, shallow=False)
        print(f"{name}: {'the same' if equal else 'different'}")


def row(*cells: str) -> None:
    """Print a row of a table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 30_000, 100_000])
    parser.add_argument("--same", type=Path, nargs=2, metavar="FOLDER")
    options = parser.parse_args()
    if options.same:
        same(*options.same)
    else:
        growth(options.sizes)


if __name__ == "__main__":
    main()
