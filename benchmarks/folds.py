"""The peak of memory of a K-fold training, by number of folds and by network.

    python benchmarks/folds.py [--source synthetic:2000] [--recipe quick] [--folds 1 2 5] [--set KEY=VALUE ...]

Trains each number of folds in a process of its own and prints a Markdown table: the peak resident set when the last
fold is trained, when the ensemble's scores are known, and when its model file and report are written, MiB. One fold
stands for a training without folds.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def peak() -> float:
    """The largest resident set of this process so far, MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def measure(source: str, recipe_name: str, folds: int, overrides: list[str]) -> dict[str, float]:
    """Train in this process and note the peaks."""
    from hemascope.pipeline import folds as with_folds
    from hemascope.pipeline import train as without

    found: dict[str, float] = {}

    def noting(name: str, module: Any, function: str) -> None:
        whole = getattr(module, function)

        def noted(*given: Any, **named: Any) -> Any:
            result = whole(*given, **named)
            found[name] = peak()
            return result

        setattr(module, function, noted)

    for module in (with_folds, without):
        noting("trained", module, "fit_network")
        noting("scored", module, "run_network")
    changes = [*overrides, *([f"folds={folds}"] if folds > 1 else [])]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        without.train(source, recipe_name, set=changes, output=Path(folder) / "run")
    return {**found, "written": peak(), "minutes": (time.monotonic() - began) / 60}


def main() -> None:
    """Measure each number of folds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="synthetic:2000")
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 5])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        print(json.dumps(measure(args.source, args.recipe, args.folds[0], args.set)))
        return
    print(f"{args.source}, recipe {args.recipe} {' '.join(args.set)}\n")
    columns = ("folds", "trained, MiB", "scored, MiB", "written, MiB", "minutes")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for folds in args.folds:
        settings = [word for override in args.set for word in ("--set", override)]
        command = [sys.executable, __file__, "--here", "--source", args.source, "--recipe", args.recipe, *settings]
        done = subprocess.run([*command, "--folds", str(folds)], check=True, stdout=subprocess.PIPE)
        found = json.loads(done.stdout.splitlines()[-1])
        peaks = " | ".join(f"{found[name]:,.0f}" for name in ("trained", "scored", "written"))
        print(f"| {folds} | {peaks} | {found['minutes']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
