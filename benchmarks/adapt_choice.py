"""How depth and prior of ``hemascope adapt`` were chosen: known shifts, folders of several mixtures of classes.

    python benchmarks/adapt_choice.py --model MODEL --labelled pbc/val

Every image under the same corruption; some of each class are scored, and the model is adapted to folders drawn from
the rest. Prints the table of docs/measured/adapt.md: the shift score and the balanced accuracy, a column a method. 60
adaptations, some 10 s each.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx

from adapt import BLOOD, SIDE, balanced, card_of, labelled, probabilities, shifted  # the benchmark beside this one
from hemascope.adapt.refit import refit
from hemascope.data.framing import frame
from hemascope.predict.shipped import DEFAULT, find

COUNT, IMAGES = "blood count", 300
ALONE = 200  # images of a folder of one class, at most
SHIFTS = ("none", "stain_shift:5", "hue:5", "channel_shift:5")
METHODS = ((0.5, 0.25), (0.5, 0.5), (0.5, 0.7), (0.3, 0.5), (1.0, 0.5))
"""Share of the layers, counted from the image, and weight of the folder's statistics."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    parser.add_argument("--labelled", type=Path, required=True, help="class folders, not trained on")
    parser.add_argument("--folders", default=f"{COUNT},neutrophil,lymphocyte", help="blood count or a class alone")
    parser.add_argument("--shifts", default=",".join(SHIFTS), help="corruption:severity, separated by commas")
    parser.add_argument("--scored", type=int, default=40, help="images of each class that are scored")
    options = parser.parse_args()
    model = onnx.load(find(options.model))
    card = card_of(model)
    images, targets = labelled(options.labelled, card.classes, SIDE)
    order = np.random.default_rng(0).permutation(len(images))
    of_class = {name: order[targets[order] == k] for k, name in enumerate(card.classes)}
    scored = np.concatenate([places[: options.scored] for places in of_class.values()])
    print(f"| folder | shift | shift score | before | {' | '.join(f'first {d:.0%}, w {w:g}' for d, w in METHODS)} |")
    print("|---|---|---|---|" + "---|" * len(METHODS))
    for name in options.folders.split(","):
        shares, most = (BLOOD, IMAGES) if name == COUNT else ({name: 1.0}, ALONE)
        parts = [of_class[part][options.scored :][: max(1, round(share * most))] for part, share in shares.items()]
        places = np.random.default_rng(1).permutation(np.concatenate(parts))
        rows = []
        for shift in options.shifts.split(","):
            small = [
                np.stack([frame(image, card.input_size) for image in shifted(images[chosen], shift)])
                for chosen in (scored, places)
            ]
            rows.append([balanced(probabilities(model, small[0]), targets[scored])])
            for depth, weight in METHODS:
                found = refit(model, small[1], prior=len(places) * (1 - weight) / weight, depth=depth)
                rows[-1].append(balanced(probabilities(found.model, small[0]), targets[scored]))
            print(f"| {name}, n {len(places)} | {shift} | {found.shift:.2f} | {cells(rows[-1])} |", flush=True)
        print(f"| | **mean** | | {cells(np.mean(rows, axis=0))} |", flush=True)


def cells(values: np.ndarray | list[float]) -> str:
    """Values as cells of a table."""
    return " | ".join(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main()
