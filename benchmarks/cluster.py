"""Speed of ``hemascope predict --on``: one worker and two of a Ray cluster, beside two threads without one.

    python benchmarks/cluster.py FOLDER --images 20000

FOLDER holds images, at any depth; links to them, in turn, make up the number. The cluster stands on this machine and is
not timed; commands are, start and output included, in turn. Prints a Markdown table with what must be reached: two
workers 1.7 times one, and 0.9 of the threads. Needs hemascope[ray] and two cores.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

from hemascope.predict.items import items
from hemascope.predict.shipped import DEFAULT

COMMAND = [sys.executable, "-c", "from hemascope.cli import main; main()", "predict"]
ONE, TWO, THREADS = "Ray, one worker", "Ray, two workers", "two threads, no cluster"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default=DEFAULT, help="model file or name of a shipped model")
    options = parser.parse_args()

    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (Ray's name) else whatever runs beside comes before the workers
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    ways = {
        THREADS: ["--threads", "2"],
        ONE: ["--on", cluster.address, "--workers", "1"],
        TWO: ["--on", cluster.address, "--workers", "2"],
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    try:
        with tempfile.TemporaryDirectory() as folder:
            link(options.folder, Path(folder, "images"), options.images)
            for _ in range(options.rounds):
                for way, arguments in ways.items():
                    output = Path(folder, "out.parquet")
                    command = [*COMMAND, f"{folder}/images", "-m", options.model, "-o", str(output), *arguments]
                    start = time.perf_counter()
                    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
                    rates[way].append(options.images / (time.perf_counter() - start))
                    output.unlink()
    finally:
        cluster.shutdown()

    print(f"{options.images:,} images, {options.rounds} rounds in turn; the best counts\n")
    print("| what | images/s, best | median |\n|---|---|---|")
    for way, found in rates.items():
        print(f"| {way} | {max(found):,.0f} | {statistics.median(found):,.0f} |")
    best = {way: max(found) for way, found in rates.items()}
    for what, ratio, wanted in (
        ("two workers by one", best[TWO] / best[ONE], 1.7),
        ("two workers by two threads", best[TWO] / best[THREADS], 0.9),
    ):
        print(f"\n{what}: {ratio:.2f}, wanted {wanted}: {'reached' if ratio >= wanted else 'not reached'}")


def link(source: Path, folder: Path, n: int) -> None:
    """Links to the images of a folder, in turn."""
    paths = [item.path for item in items([str(source)])]
    for number, path in zip(range(n), cycle(paths), strict=False):
        inside = folder / f"{number // 1000:05d}"
        inside.mkdir(parents=True, exist_ok=True)
        (inside / f"{number:08d}{Path(path).suffix}").symlink_to(Path(path).resolve())


if __name__ == "__main__":
    main()
