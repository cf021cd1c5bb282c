"""Model files beside each other: how many cells they have right, and what a picture costs.

    python benchmarks/models.py robust tiny --score pbc/val ood/tecom --time pbc/val

Prints a Markdown table, a row a model file or shipped model. With --score: accuracy with its 95% interval, and balanced
accuracy, on each source. With --time, a folder of images of one size: milliseconds of one core for a picture, eight at
a time, without decoding it, which stands above the table; and images a second of the whole command `hemascope predict
FOLDER -o FILE.csv`. Models take turns, so that other work on the machine disturbs all alike. Milliseconds are processor
time; images a second are the best of --rounds and want an idle machine. A minute a model on two cores.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from sklearn.metrics import recall_score

import hemascope
from hemascope.data.decode import decode
from hemascope.data.sources import open_source
from hemascope.evaluate.score_model import score_model
from hemascope.jeffreys import jeffreys
from hemascope.predict.classifier import Classifier
from hemascope.predict.items import items
from predict import machine, seconds

TOGETHER = 8
"""Pictures classified in one call, as `hemascope predict` does in each of its threads."""


def scored(model: Classifier, source: str) -> str:
    """Accuracy and balanced accuracy on a source's images of the classes that the model knows."""
    images = open_source(source)
    images = images.rows(np.flatnonzero(images.known(model.classes)))
    found, _ = score_model(model, images, temperature=model.card.temperature)
    said = found.probabilities.argmax(axis=1)
    right = int((said == found.targets).sum())
    low, high = jeffreys(right, len(said))
    balanced = recall_score(found.targets, said, labels=np.unique(found.targets), average="macro")
    return f"{right / len(said):.3f} ({low:.3f} to {high:.3f}), {balanced:.3f}"


def milliseconds(models: list[str], paths: list[str]) -> tuple[float, dict[str, float]]:
    """Of one core for a picture, the median of all calls: for decoding it, and by model."""
    classifiers = {name: hemascope.load(name, threads=1, device="cpu") for name in models}
    taken: dict[str, list[float]] = defaultdict(list)
    for start in range(0, len(paths) - TOGETHER + 1, TOGETHER):
        began = time.process_time()
        images = np.stack([decode(path) for path in paths[start : start + TOGETHER]])
        taken[""].append(time.process_time() - began)
        for name, classifier in classifiers.items():
            began = time.process_time()
            classifier.judge(images)
            taken[name].append(time.process_time() - began)
    medians = {name: 1000 * float(np.median(each)) / TOGETHER for name, each in taken.items()}
    return medians.pop(""), medians


def rates(models: list[str], folder: Path, images: int, rounds: int) -> dict[str, float]:
    """Images a second from folder to CSV, the best of some rounds."""
    best = dict.fromkeys(models, 0.0)
    with tempfile.TemporaryDirectory() as place:
        for number in range(rounds):
            for model, name in enumerate(models):
                took = seconds([str(folder), "--model", name, "-o", f"{place}/{number}-{model}.csv"])
                best[name] = max(best[name], images / took)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", help="model files, or names of shipped ones")
    parser.add_argument("--score", nargs="+", default=[], metavar="SOURCE", help="labelled images")
    parser.add_argument("--time", type=Path, metavar="FOLDER", help="images of one size")
    parser.add_argument("--rounds", type=int, default=3, help="of the whole command")
    options = parser.parse_args()
    title = ["model", "side"]
    table = {name: [Path(name).stem, str(hemascope.load(name).card.input_size)] for name in options.models}
    print(machine())
    if options.time:
        title += ["ms of one core", "folder to CSV, images/s"]
        paths = [item.path for item in items([str(options.time)])]
        decoding, judging = milliseconds(options.models, paths)
        rate = rates(options.models, options.time, len(paths), options.rounds)
        print(f"{len(paths):,} images; decoding one takes {decoding:.1f} ms")
        for name, row in table.items():
            row += [f"{judging[name]:.1f}", f"{rate[name]:,.0f}"]
    title += [Path(source).stem for source in options.score]
    print(f"\n| {' | '.join(title)} |\n|{'---|' * len(title)}", flush=True)
    for name, row in table.items():
        cells = [*row, *(scored(hemascope.load(name), source) for source in options.score)]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
