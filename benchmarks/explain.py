"""Where do Runs look? The share of the heat on the cell, and how alike Grad-CAM and occlusion are.

    python benchmarks/explain.py runs/robust runs/quick runs/standard
    python benchmarks/explain.py runs/robust --smears 0 --cells 40 --source ../shared/data/pbc/val

The first table explains every model's answers on synthetic smears, whose masks are known, as they are and with the
colours of the policy wide. The second compares, for Runs, the occlusion map of model.onnx with Grad-CAM of the same
network on cells of a source, for the class that the network says; beside it a round spot in the middle of every image,
which is what agreement is had for without looking. Docs: docs/measured/explain.md.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from hemascope.data.pixels import load_pixels
from hemascope.data.sources import open_source
from hemascope.evaluate.bootstrap import Score
from hemascope.explain.changed import augmented, colours
from hemascope.explain.explainer import Explainer, open_explainer
from hemascope.explain.focus import agreement, mean_score, measure_focus
from hemascope.shown import interval, percent


def focus_row(explainer: Explainer, smears: int, seed: int) -> list[str]:
    """A line of the first table."""
    began = time.monotonic()
    focus = measure_focus(explainer, smears, seed=seed, recolour=lambda images: augmented(images, colours(), seed))
    change = mean_score(focus.change)
    return [
        explainer.name,
        explainer.network,
        f"{explainer.size} px, {explainer.side} x {explainer.side}",
        percent(focus.area.mean()),
        told(mean_score(focus.plain)),
        told(mean_score(focus.recoloured)),
        f"{100 * change.value:+.1f} [{100 * change.low:+.1f} to {100 * change.high:+.1f}]",
        percent(focus.sharpest.mean()),
        f"{percent(focus.right.mean())}, {percent(focus.recoloured_right.mean())}",
        f"{1000 * (time.monotonic() - began) / (2 * smears):.0f} ms",
    ]


def agreement_row(folder: Path, source: str, cells: int, layer: str | None) -> list[str]:
    """A line of the second table."""
    by_gradient, by_occlusion = open_explainer(folder, layer), open_explainer(folder / "model.onnx")
    manifest = open_source(source)
    places = np.linspace(0, len(manifest) - 1, cells).round().astype(int)
    images = load_pixels(manifest.rows(places), by_gradient.size).images
    said = by_gradient.probabilities(images).argmax(1)
    hidden = by_occlusion.heat(images, said)
    found = agreement(by_gradient.heat(images, said), hidden)
    blind = agreement(np.repeat(spot(by_gradient.size)[None], cells, 0), hidden)
    return [
        by_gradient.name,
        str(cells),
        *(f"{value.value:.2f} [{value.low:.2f}-{value.high:.2f}]" for value in map(mean_score, (*found, *blind))),
    ]


def spot(side: int) -> np.ndarray:
    """A round spot in the middle, float32 (side, side), of about a cell's size."""
    away = (np.arange(side) + 0.5) / side - 0.5
    return np.exp(-(away[:, None] ** 2 + away**2) / (2 * 0.2**2)).astype(np.float32)


def told(score: Score) -> str:
    """The value with its interval."""
    return f"{percent(score.value)} [{interval(score._asdict())}]"


def tell(columns: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    """Explain and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="Runs, model files or names of shipped models")
    parser.add_argument("--smears", type=int, default=96)
    parser.add_argument("--cells", type=int, default=0, help="images for the second table")
    parser.add_argument("--source", default="../shared/data/pbc/val")
    parser.add_argument("--layer", help="of the Runs, in place of the last maps")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.smears:
        columns = ["Model", "Network", "Input, maps", "Area", "Heat on the cell", "Other colours", "Change, points"]
        rows = [focus_row(open_explainer(model, args.layer), args.smears, args.seed) for model in args.models]
        tell([*columns, "At best", "Right, other colours", "Per image"], rows)
    if args.cells:
        columns = ["Run", "Cells", "Rank correlation", "Overlap", "Spot: rank correlation", "Spot: overlap"]
        runs = [Path(model) for model in args.models if (Path(model) / "run.json").is_file()]
        tell(columns, [agreement_row(run, args.source, args.cells, args.layer) for run in runs])


if __name__ == "__main__":
    main()
