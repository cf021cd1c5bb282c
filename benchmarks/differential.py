"""Whether the intervals of a differential count hold the truth: ``hemascope predict --differential``, many mixtures.

    python benchmarks/differential.py --home pbc/val --other labs/chula --keep kept/

Each mixture draws shares of the classes (Dirichlet, all equally likely), a half of a folder's cells on which the
confusions are counted, and 100 to 1,000 cells of these shares from the other half. Prints a row a setting: how often
the 95% intervals hold the shares, over all classes and of the class that fares worst; the same for Wilson's intervals
of the plain counts; the widths; and the mean error of the shares in percentage points. What the model says of the
images is kept in --keep. Ten minutes on two cores.
"""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from scipy.stats import binomtest

import hemascope
from hemascope.adapt.lesson import Observed, learn
from hemascope.data.framing import frame
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.predict.classifier import Classifier
from hemascope.predict.differential.confusion import Confusion
from hemascope.predict.differential.shares import estimate
from hemascope.predict.shipped import DEFAULT, find

LEAST = 20
"""Cells of a class below which it is left out: a half has too few to draw from."""

CELLS = (100, 1000)
SPLITS = 20  # halves by which a head is taught


@dataclass
class Folder:
    """What a model says of a folder's cells: class numbers, features, labels, scores of unknown objects, slides."""

    targets: np.ndarray
    features: np.ndarray
    said: np.ndarray
    unknown: np.ndarray
    slides: np.ndarray

    def __post_init__(self) -> None:
        counts = np.bincount(self.targets)
        self.classes = np.flatnonzero(counts >= LEAST)


@dataclass
class Half:
    """Cells by which the confusions are known, and those to draw from, as a model calls and flags them."""

    confusion: Confusion
    others: np.ndarray
    said: np.ndarray
    flags: np.ndarray


def read(model: Classifier, folder: Path, keep: Path) -> Folder:
    """What the model says of the folder, now or before."""
    kept = keep / f"{model.digest[:12]}-{folder.parent.name}-{folder.name}.npz"
    if not kept.exists():
        manifest = open_source(folder)
        manifest = manifest.rows(manifest.known(model.classes))
        numbers = np.array([model.classes.index(label) for label in manifest.table["label"]])
        names = [Path(path).name for path in manifest.table["path"]]
        slides = np.array([re.sub(r"_\d{4}_[^_]*$", "", name) for name in names])
        framed = map_images(manifest, lambda image: frame(image, model.card.input_size))
        rows, images = zip(*[pair for pair in framed if isinstance(pair[1], np.ndarray)], strict=True)
        stack = np.stack(images)
        said = model.probabilities(stack).argmax(axis=1)
        found = (numbers[list(rows)], model.features(stack), said, model.unknown(stack), slides[list(rows)])
        keep.mkdir(parents=True, exist_ok=True)
        np.savez(kept, *found)
    with np.load(kept) as read:
        return Folder(*(read[name] for name in read.files))


def halves(folder: Folder, rng: np.random.Generator, by_slide: bool = False) -> np.ndarray:
    """Bool (n,): a half of the cells, or of the slides."""
    parts = folder.slides if by_slide else np.arange(len(folder.targets))
    order = rng.permutation(np.unique(parts))
    return np.isin(parts, order[: len(order) // 2])


def as_it_is(model: Classifier, folder: Folder, known: Confusion | None = None) -> Callable[[int], Half]:
    """Halves of a folder by the model itself; its confusions are those of the half where none are given."""
    flags = folder.unknown > model.unknown_threshold

    def half(draw: int) -> Half:
        own = halves(folder, np.random.default_rng(draw))
        counted = Confusion.of(folder.targets[own], folder.said[own], len(model.classes), flags[own])
        return Half(known or counted, np.flatnonzero(~own), folder.said, flags)

    return half


def taught(
    model: Classifier, graph: onnx.ModelProto, folder: Folder, kept: Path, by_slide: bool = False
) -> Callable[[int], Half]:
    """Halves by which the model's head is taught, and counted by cross-validation, as `adapt --labelled` leaves it."""
    if not kept.exists():
        found = []
        for split in range(SPLITS):
            own = halves(folder, np.random.default_rng(split), by_slide)
            seen = Observed(folder.features[own][:, None], folder.unknown[own], np.zeros((own.sum(), 3)))
            lesson = learn(model, graph, seen, [model.classes[number] for number in folder.targets[own]])
            said = lesson.head.logits(folder.features).argmax(axis=1)
            said[own] = lesson.taught.said_after
            found.append((own, said, lesson.card.unknown["threshold"]))
        np.savez(kept, *map(np.array, zip(*found, strict=True)))
    with np.load(kept) as read:
        splits = list(zip(*(read[name] for name in read.files), strict=True))

    def half(draw: int) -> Half:
        own, said, threshold = splits[draw % len(splits)]
        flags = folder.unknown > threshold
        counted = Confusion.of(folder.targets[own], said[own], len(model.classes), flags[own])
        return Half(counted, np.flatnonzero(~own), said, flags)

    return half


def drawn(
    folder: Folder, half: Half, rng: np.random.Generator, once: bool, cells: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the folder's classes, and places of cells drawn by them; none twice if ``once``."""
    pools = [half.others[folder.targets[half.others] == number] for number in folder.classes]
    while True:
        shares = rng.dirichlet(np.ones(len(pools)))
        counts = rng.multinomial(rng.integers(cells[0], cells[1] + 1), shares)
        if all(
            count <= len(pool) if once else len(pool) or not count for count, pool in zip(counts, pools, strict=True)
        ):
            chosen = [
                rng.choice(pool, count, replace=not once) for count, pool in zip(counts, pools, strict=True) if count
            ]
            return shares, np.concatenate(chosen)


def measure(name: str, folder: Folder, half_of: Callable[[int], Half], mixtures: int, once: bool) -> None:
    """Print a row."""
    rng = np.random.default_rng(0)
    k = len(half_of(0).confusion.flagged)
    every = np.ones(k, bool)
    # Where no cell comes twice a half is soon used up, so that fewer are drawn.
    cells = (CELLS[0], max(CELLS[0], min(CELLS[1], len(folder.targets) // 4))) if once else CELLS
    held, plain, width, narrow, error, off = ([] for _ in range(6))
    for mixture in range(mixtures):
        half = half_of(mixture)
        shares, places = drawn(folder, half, rng, once, cells)
        called = np.bincount(half.said[places][~half.flags[places]], minlength=k)
        found = estimate(called.astype(float), half.confusion)
        parts = np.array([found.part(np.arange(k) == number, every) for number in folder.classes])
        wilson = [binomtest(called[number], called.sum()).proportion_ci(method="wilson") for number in folder.classes]
        low, high = np.array([(one.low, one.high) for one in wilson]).T
        held.append((parts[:, 1] <= shares) & (shares <= parts[:, 2]))
        plain.append((low <= shares) & (shares <= high))
        width.append(parts[:, 2] - parts[:, 1])
        narrow.append(high - low)
        error.append(np.abs(parts[:, 0] - shares))
        off.append(np.abs(called[folder.classes] / called.sum() - shares))
    worst = f"{np.mean(held, axis=0).min():.3f}"
    row = [name, f"{cells[0]} to {cells[1]:,}{', each once' if once else ''}", f"**{np.mean(held):.3f}**", worst]
    row += [f"{np.mean(plain):.3f}", *(f"{100 * np.mean(part):.1f}" for part in (width, narrow, error, off))]
    print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    parser.add_argument("--home", type=Path, required=True, help="labelled cells of the training's laboratory")
    parser.add_argument("--other", type=Path, action="append", default=[], help="of another laboratory")
    parser.add_argument("--mixtures", type=int, default=200)
    parser.add_argument("--keep", type=Path, required=True, help="folder of what the model said")
    options = parser.parse_args()
    model, graph = hemascope.load(options.model), onnx.load(find(options.model))
    home = read(model, options.home, options.keep)
    at_home = Confusion.of(home.targets, home.said, len(model.classes), home.unknown > model.unknown_threshold)
    heading = [
        "cells",
        "drawn",
        "held",
        "worst class",
        "Wilson, plain counts",
        "width",
        "of Wilson's",
        "error",
        "plain",
    ]
    print(f"| {' | '.join(heading)} |\n|{'---|' * len(heading)}", flush=True)
    for once in (True, False):
        measure(options.home.name, home, as_it_is(model, home), options.mixtures, once)
    for path in options.other:
        folder = read(model, path, options.keep)
        kept = options.keep / f"{model.digest[:12]}-{path.parent.name}-{path.name}"
        teaching = taught(model, graph, folder, kept.with_name(f"{kept.name}-taught.npz"))
        for once in (True, False):
            measure(f"{path.name}, taught by its half", folder, teaching, options.mixtures, once)
        measure(f"{path.name}, not taught, its confusions", folder, as_it_is(model, folder), options.mixtures, False)
        measure(f"{path.name}, home's confusions", folder, as_it_is(model, folder, at_home), options.mixtures, False)
        if len(np.unique(folder.slides)) < len(folder.slides) // 2:
            other = taught(model, graph, folder, kept.with_name(f"{kept.name}-slides.npz"), by_slide=True)
            measure(f"{path.name}, taught by other slides", folder, other, options.mixtures, False)


if __name__ == "__main__":
    main()
