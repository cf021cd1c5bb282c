"""Scores of unknown objects side by side: how well each tells pictures of none of the classes from known cells.

    python benchmarks/unknown.py RUN [--ood DIR] [--cells N] [--val N] [--cost]

RUN is a finished training whose images are still in place. Fits the score on its training part as a training does and
prints the AUROC with 95% intervals against its validation part for: red cells (DIR/chula_rbc), the photographs that
come with scikit-image where it is installed, made fields and drawings of a seed that the fit did not see, and one class
after another left out of the statistics. The network itself was trained on all classes, so the last figure is
optimistic: it compares scores and predicts nothing. Then the share of other laboratories' cells (DIR/tecom, DIR/bccd)
that is flagged, and with --cost what the score adds to the model file and to a prediction.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

import hemascope
from hemascope.data.decode import decode
from hemascope.data.foreign import empty_field
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.errors import DecodeError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.unknown import Mahalanobis, auroc, energy, max_softmax
from hemascope.export.graph import write_model
from hemascope.models.network import Network
from hemascope.models.unknown import Levels, UnknownScore
from hemascope.predict.card import ModelCard
from hemascope.train.kinds import open_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.unknown import fit_head, fit_space, fit_unknown, levels_of, scores_of, set_scale, strangers

METHODS = ("max softmax", "energy", "Mahalanobis", "relative distance", "plain distance", "outlier head", "ours")
_SUFFIXES = (".png", ".jpg", ".jpeg")


def part(manifest: Manifest, name: str, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (n, size, size, 3) and class numbers of a random part of a split."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(manifest.part(name)))[:count]
    chosen = manifest.rows(np.sort(rows))
    return load_pixels(chosen, size).images, chosen.targets()


def folder_images(folder: Path, size: int) -> np.ndarray:
    """Every picture in a folder and below, framed."""
    found = [frame(decode(path), size) for path in sorted(folder.rglob("*")) if path.suffix.lower() in _SUFFIXES]
    return np.stack(found) if found else np.zeros((0, size, size, 3), np.uint8)


def photographs(size: int) -> Iterator[np.ndarray]:
    """Eight random parts of each of scikit-image's pictures; none where it is not installed."""
    rng = np.random.default_rng(0)
    try:
        paths = sorted(Path(str(files("skimage") / "data")).iterdir())
    except ModuleNotFoundError:
        return
    for path in paths:
        if path.suffix in _SUFFIXES:
            try:
                image = decode(path)
            except DecodeError:
                continue
            for _ in range(8):
                side = int(min(image.shape[:2]) * rng.uniform(0.3, 1))
                top, left = (int(rng.integers(0, length - side + 1)) for length in image.shape[:2])
                yield frame(image[top : top + side, left : left + side], size)


class Methods:
    """All scores of one network, fitted to the same training images."""

    def __init__(self, network: Network, score: UnknownScore, features: np.ndarray, targets: np.ndarray) -> None:
        self.network, self.score = network, score
        self.width = network.description.features
        self.mahalanobis = Mahalanobis(features[:, -self.width :], targets)

    def __call__(self, features: np.ndarray, drop: int | None = None) -> dict[str, np.ndarray]:
        """Scores by method, float (n,) each, of features float32 (n, D); ``drop``: a class without logit."""
        tensor = torch.from_numpy(features)
        with torch.inference_mode():
            logits = self.network.head(tensor[:, -self.width :]).numpy()
            parts = self.score.parts(tensor).numpy()
        if drop is not None:
            logits = np.delete(logits, drop, axis=1)
        distance = self.mahalanobis(features[:, -self.width :])
        ours = scores_of(self.score, features)
        return dict(zip(METHODS, (max_softmax(logits), energy(logits), distance, *parts.T, ours), strict=True))


def left_out(
    network: Network, train: np.ndarray, targets: np.ndarray, foreign: np.ndarray, val: np.ndarray, truth: np.ndarray
) -> dict[str, list[float]]:
    """AUROC of each class against the others, by scores that were fitted without it."""
    found: dict[str, list[float]] = {name: [] for name in METHODS}
    for number in np.unique(truth):
        keep, known = targets != number, truth != number
        score = fit_space(train[keep], targets[keep])
        fit_head(score, train[keep], foreign)
        set_scale(score, val[known], val[known])
        scores = Methods(network, score, train[keep], targets[keep])(val, drop=int(number))
        for name, values in scores.items():
            found[name].append(auroc(values[known], values[~known]).value)
    return found


def tell(title: str, rows: dict[str, dict[str, str]]) -> None:
    """Print a Markdown table: rows by name, of cells by column."""
    columns = list(next(iter(rows.values())))
    print(f"\n| {title} | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells[column] for column in columns)} |", flush=True)


def cost(network: Network, card: ModelCard, score: UnknownScore, about: dict[str, Any], images: np.ndarray) -> None:
    """What the output adds to the file and to a prediction, on one thread, the two files taking turns."""
    with tempfile.TemporaryDirectory() as folder:
        plain, full = Path(folder) / "plain.onnx", Path(folder) / "full.onnx"
        bare = ModelCard(card.name, card.classes, card.input_size, temperature=card.temperature)
        write_model(network, bare, plain)
        told = ModelCard(card.name, card.classes, card.input_size, temperature=card.temperature, unknown=about)
        write_model(network, told, full, score)
        classifiers = [hemascope.load(path, threads=1) for path in (plain, full)]
        times: list[list[float]] = [[], []]
        for start in range(0, len(images) - 7, 8):
            for classifier, taken in zip(classifiers, times, strict=True):
                began = time.perf_counter()
                classifier.judge(images[start : start + 8])
                taken.append(time.perf_counter() - began)
        slower = np.median(times[1]) / np.median(times[0]) - 1
        added = (full.stat().st_size - plain.stat().st_size) / 1e6
        print(
            f"\nthe score adds {added:.2f} MB to {plain.stat().st_size / 1e6:.1f} MB and {slower:+.1%} to a prediction"
        )


def text(score: Score) -> str:
    """The value with its interval."""
    return f"{score.value:.3f} [{score.low:.3f}-{score.high:.3f}]"


def main() -> None:
    """Fit, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--ood", type=Path, default=Path("../shared/data/ood"))
    parser.add_argument("--cells", type=int, default=4000, help="training images to fit to")
    parser.add_argument("--val", type=int, default=2000, help="validation images to measure on")
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    run = Run.open(args.run)
    recipe: Recipe = run.recipe()
    manifest, size = run.manifest(), recipe.input_size
    network = open_network(run)
    train, val = part(manifest, "train", args.cells, size), part(manifest, "val", args.val, size)
    pictures = list(load_pixels(manifest.rows(np.flatnonzero(manifest.table["split"] == "train")[::12]), 208).images)
    began = time.monotonic()
    score, about = fit_unknown(network, recipe, train, val[0], pictures)
    print(f"{args.run}: fitted to {len(train[0]):,} images in {time.monotonic() - began:.0f} s; {about}")

    levels = Levels(network).eval()
    fitted, cells = levels_of(levels, train[0]), levels_of(levels, val[0])
    methods = Methods(network, score, fitted, train[1])
    known = methods(cells)
    shots = list(photographs(size))
    rng = np.random.default_rng(77)
    sets = {
        "red cells": folder_images(args.ood / "chula_rbc", size),
        "photographs": np.stack(shots) if shots else np.zeros((0, size, size, 3), np.uint8),
        "blank fields": np.stack([empty_field(rng, size) for _ in range(150)]),
        "made pictures": strangers(pictures[:200], 180, size, seed=77),
        "TECOM cells": folder_images(args.ood / "tecom", size),
        "BCCD cells": folder_images(args.ood / "bccd", size),
    }
    table: dict[str, dict[str, str]] = {name: {} for name in METHODS}
    flagged = {}
    for name, images in sets.items():
        if not len(images):
            print(f"{name}: not here, skipped")
            continue
        found = methods(levels_of(levels, images))
        flagged[name] = {"images": str(len(images)), "flagged": f"{(found['ours'] > 0.5).mean():.1%}"}
        if not name.endswith(" cells") or name == "red cells":
            for method in METHODS:
                table[method][name] = text(auroc(known[method], found[method]))
    foreign = levels_of(levels, strangers(pictures, len(train[0]) // 2, size, recipe.seed))
    for method, values in left_out(network, fitted, train[1], foreign, cells, val[1]).items():
        table[method]["a class left out"] = f"{np.mean(values):.3f} (worst {min(values):.3f})"
    tell("AUROC", table)
    flagged["known cells"] = {"images": str(len(cells)), "flagged": f"{(known['ours'] > 0.5).mean():.1%}"}
    tell("flagged as none of the classes", flagged)
    if args.cost:
        card = hemascope.load(run.model_file).card
        cost(network, card, score, about, val[0][:240])


if __name__ == "__main__":
    main()
