"""What the audit finds in a dirty set whose truth is known, and how fast, beside cleanvision.

    python make_challenge.py dirty.npz [--blend]      # the stand-in of the challenge's set, with dirty.truth.csv
    python benchmarks/audit.py dirty.npz
    python benchmarks/audit.py PBC/train --swap 0.03  # labels swapped at random

Prints Markdown tables. A truth file names what every image is: columns index and kind (cell or junk). How time and
memory grow is measured by audit_growth.py.
"""

import argparse
import contextlib
import csv
import io
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from hemascope.audit.audit import audit
from hemascope.audit.findings import Audit
from hemascope.cores import usable_cores
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--swap", type=float, default=0.0, help="share of the labels to swap first")
    parser.add_argument("--cleanvision", action="store_true", help="run cleanvision on the same images too")
    parser.add_argument("--seed", type=int, default=0)
    measure(parser.parse_args())


def measure(options: argparse.Namespace) -> None:
    """Audit one source and say what was found of what is known of it."""
    manifest = open_source(options.source)
    swapped = np.zeros(len(manifest), bool)
    if options.swap:
        manifest, swapped = swap_labels(manifest, options.swap, options.seed)
    began = time.perf_counter()
    done = audit(manifest)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{len(manifest):,} images; {platform.machine()}, {usable_cores()} cores\n")
    print("| step | seconds |\n|---|---|")
    for step, seconds in done.seconds.items():
        print(f"| {step} | {seconds:.1f} |")
    print(f"| all | {took:.1f} ({len(manifest) / took:.0f} images/s, peak memory {peak:.1f} GiB) |\n")
    print("| found | images |\n|---|---|")
    for kind, count in done.findings.groupby("kind")["row"].nunique().items():
        print(f"| {kind} | {count:,} |")
    if swapped.any():
        print(f"\nSwapped labels in the worst-ranked {2 * options.swap:.0%}: {recall(done, swapped):.1%}")
    truth = Path(options.source).with_suffix(".truth.csv")
    if truth.is_file():
        tell_junk(done, truth)
    if options.cleanvision:
        run_cleanvision(manifest)


def swap_labels(manifest: Manifest, share: float, seed: int) -> tuple[Manifest, np.ndarray]:
    """Give a share of the images another label at random; says which."""
    rng = np.random.default_rng(seed)
    labels = manifest.table["label"].to_numpy(object).copy()
    chosen = rng.choice(len(labels), round(share * len(labels)), replace=False)
    for row in chosen:
        labels[row] = rng.choice([name for name in manifest.classes if name != labels[row]])
    swapped = np.zeros(len(labels), bool)
    swapped[chosen] = True
    return manifest.with_columns(label=labels), swapped


def recall(done: Audit, swapped: np.ndarray) -> float:
    """Share of the swapped labels among twice as many of the worst-ranked."""
    worst = np.argsort(-done.scores["label"].to_numpy(), kind="stable")[: 2 * int(swapped.sum())]
    return float(swapped[worst].sum() / swapped.sum())


def tell_junk(done: Audit, truth: Path) -> None:
    """Recall and false alarms of junk."""
    with truth.open(newline="") as file:
        junk = np.array([row["kind"] == "junk" for row in csv.DictReader(file)])
    called = np.zeros(len(junk), bool)
    called[done.findings.loc[done.findings["kind"].isin(["junk", "blank"]), "row"].to_numpy()] = True
    print(
        f"\n| junk found | cells called junk |\n|---|---|\n| {called[junk].sum():,} of {junk.sum():,} "
        f"({called[junk].mean():.2%}) | {called[~junk].sum():,} of {(~junk).sum():,} ({called[~junk].mean():.2%}) |"
    )


def run_cleanvision(manifest: Manifest) -> None:
    """The same images as PNG files through cleanvision's own front door."""
    from cleanvision import Imagelab
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        for row, image in read_images(manifest):
            if isinstance(image, np.ndarray):
                Image.fromarray(image).save(Path(folder) / f"{row:06d}.png")
        began = time.perf_counter()
        lab = Imagelab(data_path=folder)
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
            lab.find_issues(n_jobs=2, verbose=False)
        took = time.perf_counter() - began
    print(f"\n| cleanvision found ({took:.1f} s, {len(manifest) / took:.0f} images/s) | images |\n|---|---|")
    for _, issue in lab.issue_summary.iterrows():
        print(f"| {issue['issue_type']} | {issue['num_images']:,} |")


if __name__ == "__main__":
    main()
