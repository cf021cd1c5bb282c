"""What helps in a laboratory that was not seen: short trainings, each without one laboratory and scored on it.

    python benchmarks/laboratories.py START PBC/train Chula=labs/chula BCCD=ood/bccd [--hold NAME ...] [--only WAY ...]

START is a model that has seen the home laboratory alone: `robust.onnx` of release 0.1.0, since today's has seen them
all. All trainings see the home laboratory, of which so many images as --home-images are trained on and 300 validate,
and the others but one. Every way of `WAYS` changes one thing of the recipe `laboratories`. Prints a Markdown table of
the accuracy on the laboratory held out. Some five minutes for a cell of it on two cores.
"""

import argparse
import csv
import tempfile
from pathlib import Path

import hemascope
from hemascope.data.sources import open_source
from hemascope.evaluate.score_model import score_model
from hemascope.jeffreys import jeffreys
from hemascope.predict.classifier import Classifier

SHORT = ["epochs=3", "progressive.share=1", "early_stopping.keep=last"]

WAYS: dict[str, list[str]] = {
    "the recipe": [],
    "colours of the own image only": ["laboratories.colours=0"],
    "framings and colours as wide as robust's": [
        "laboratories.colours=0", "augment.zoom=1.4", "augment.brightness=0.3", "augment.contrast=0.35",
        "augment.saturation=0.5", "augment.hue=12", "augment.channel_gain=0.12", "augment.channel_shift=0.06",
        "augment.white_point=0.5", "augment.gamma=0.5", "augment.stain=0.1",
    ],
    "laboratories drawn as they come": ["laboratories.strength=0"],
    "absent classes hidden": ["laboratories.absent=hide"],
    "all stages learn": ["transfer.trainable=all"],
    "MixUp or CutMix": ["mix=mixcut"],
}  # fmt: skip


def rows(folder: Path, laboratory: str, split: str, most: int | None = None) -> list[list[str]]:
    """Path, label, laboratory and split of a class folder's images; at most some of them, at random."""
    table = open_source(folder).table
    if most is not None and most < len(table):
        table = table.sample(most, random_state=0)
    return [
        [str(folder.resolve() / path), label, laboratory, split]
        for path, label in zip(table["path"], table["label"], strict=True)
    ]


def trained(start: Path, changes: list[str], home: Path, seen: dict[str, Path], images: int) -> Classifier:
    """A short training on the home laboratory and the others that are seen."""
    own = rows(home, "home", "train", images + 300)
    for row in own[images:]:
        row[-1] = "val"
    table = [*own, *(row for name, folder in seen.items() for row in rows(folder, name, "train"))]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "cells.csv"
        with source.open("w", newline="") as file:
            csv.writer(file).writerows([["path", "label", "laboratory", "split"], *table])
        run = hemascope.train(
            source, "laboratories", set=[f"start={start}", *SHORT, *changes], output=Path(folder) / "run"
        )
        return hemascope.load(run.path / "model.onnx")


def accuracy(model: Classifier, folder: Path) -> str:
    """Of a folder's images, with its interval."""
    found, _ = score_model(model, open_source(folder), temperature=model.card.temperature)
    right = found.probabilities.argmax(1) == found.targets
    low, high = jeffreys(int(right.sum()), len(right))
    return f"{right.mean():.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Train and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("start", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("others", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--hold", nargs="+", help="laboratories to leave out, in turn; all where not given")
    parser.add_argument("--only", nargs="+", choices=WAYS, default=list(WAYS), metavar="NAME")
    parser.add_argument("--home-images", type=int, default=4000)
    options = parser.parse_args()
    others = {name: Path(folder) for name, folder in (other.split("=", 1) for other in options.others)}
    held = options.hold or list(others)
    print(f"| | {' | '.join(held)} |\n|---|{'---|' * len(held)}", flush=True)
    whole = hemascope.load(options.start)
    print(
        f"| {options.start.name} as it is | {' | '.join(accuracy(whole, others[name]) for name in held)} |", flush=True
    )
    for way in options.only:
        print(f"| {way} |", end="", flush=True)
        for name in held:
            seen = {other: folder for other, folder in others.items() if other != name}
            model = trained(options.start, WAYS[way], options.home, seen, options.home_images)
            print(f" {accuracy(model, others[name])} |", end="", flush=True)
        print()


if __name__ == "__main__":
    main()
