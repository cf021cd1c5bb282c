"""What prediction sets hold, and when images are called unlike: by class, under the shift suite, and elsewhere.

    python benchmarks/sets.py PBC --model robust [--images 240] [--other FOLDER ...]

PBC holds val/, one half of which set the sets of the shipped models. Prints Markdown tables: coverage and mean size of
the sets on the other half, by class; on ``--images`` of that half under every corruption of the shift suite in the
severities 1, 3 and 5, every image under the same strength and in its own direction; and on labelled images of other
laboratories, with the score by which they are called unlike. Six minutes on two cores.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import hemascope
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.evaluate.shift.registry import CORRUPTIONS
from hemascope.predict.card import set_levels
from hemascope.predict.classifier import Classifier
from hemascope.predict.unlike import Look, mean_colours

SHOWN = (0.9, 0.95, 0.99)
SEVERITIES = (1, 3, 5)
SIDE = 208


class Said:
    """What a model says of images: whether each set holds the true class, its size, and the colours."""

    def __init__(self, model: Classifier, levels: Sequence[float] = SHOWN) -> None:
        self.model, self.levels = model, levels
        self.look = Look(model.card)
        self.rows: list[np.ndarray] = []  # per image: right, then held and size of each level

    def add(self, image: np.ndarray, target: str) -> None:
        """Take an image, uint8 (h, w, 3), and its class."""
        probabilities = self.model.run("probabilities", image[None])
        self.look.add(mean_colours(image[None]), probabilities)
        right = self.model.classes[probabilities[0].argmax()] == target
        sets = [self.model.sets(probabilities, level)[0] for level in self.levels]
        self.rows.append(np.array([right, *(target in names for names in sets), *map(len, sets)], float))

    def cells(self) -> list[str]:
        """A row of the tables."""
        mean = np.mean(self.rows, axis=0)
        held, sizes = np.split(mean[1:], 2)
        score = self.look.score
        return [
            str(len(self.rows)),
            f"{mean[0]:.1%}",
            *(f"{share:.1%} ({size:.2f})" for share, size in zip(held, sizes, strict=True)),
            "" if score is None else f"{score:.1f}",
        ]


def print_table(title: str, rows: list[tuple[str, Said]]) -> None:
    """A Markdown table."""
    heading = [title, "images", "accuracy", *(f"{level:.0%} sets: held (size)" for level in SHOWN), "unlike"]
    print("|", " | ".join(heading), "|\n|" + "---|" * len(heading))
    for name, said in rows:
        print("|", " | ".join([name, *said.cells()]), "|")
    print(flush=True)


def told(model: Classifier, rows: Manifest, change: Callable[[np.ndarray, int], np.ndarray] | None = None) -> Said:
    """What the model says of a part of a source."""
    said = Said(model)
    labels = rows.table["label"].tolist()
    for number, image in read_images(rows):
        if isinstance(image, np.ndarray):
            said.add(image if change is None else change(image, number), labels[number])
    return said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pbc", type=Path)
    parser.add_argument("--model", default="robust")
    parser.add_argument("--images", type=int, default=240)
    parser.add_argument("--other", type=Path, action="append", default=[])
    options = parser.parse_args()
    model = hemascope.load(options.model, threads=1)
    assert set(SHOWN) <= set(set_levels(model.card))
    val = open_source(options.pbc / "val")
    order = np.random.default_rng(model.card.recipe.get("seed", 0)).permutation(len(val))  # as `fit_sets` halves it
    measuring = val.rows(np.sort(order[len(val) // 2 :]))
    labels = measuring.table["label"].to_numpy(object)
    by_class = [(name.replace("_", " "), told(model, measuring.rows(labels == name))) for name in model.classes]
    print_table("val, measuring half", [("all", told(model, measuring)), *by_class])
    some = measuring.rows(np.arange(0, len(measuring), max(1, len(measuring) // options.images)))
    found = []
    for name, corruption in CORRUPTIONS.items():
        for severity in SEVERITIES:

            def change(image: np.ndarray, number: int, corruption=corruption, severity=severity) -> np.ndarray:
                return corruption(np.ascontiguousarray(frame(image, SIDE)), severity, position=number)

            found.append((f"{name}, {severity}", told(model, some, change)))
    print_table("corruption, severity", found)
    if options.other:
        print_table("folder", [(folder.stem, told(model, open_source(folder))) for folder in options.other])


if __name__ == "__main__":
    main()
