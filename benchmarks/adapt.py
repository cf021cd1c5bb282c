"""What ``hemascope adapt`` without labels gains and costs: accuracy before and after, at home and elsewhere.

    python benchmarks/adapt.py --model robust ood/tecom ood/raabin pbc/val

The folders hold images in class folders; those of classes that the model does not know are adapted to as well, but not
scored. Prints a Markdown table. All images are scored, with the zoom that was chosen by some of them without labels.
The intervals are 95%, the last column's of the difference on the same resamples; ``--zooms`` adds the accuracy at
every zoom that was tried, on the images that chose.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import hemascope
from hemascope.adapt.adapt import IMAGES
from hemascope.adapt.choice import ZOOMS
from hemascope.adapt.zoom import frame_at
from hemascope.data.decode import decode
from hemascope.evaluate.bootstrap import interval, resampled
from hemascope.evaluate.proportion import share_interval
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import DEFAULT


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="class folders")
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    parser.add_argument("--images", type=int, default=IMAGES, help="images that choose the zoom")
    parser.add_argument("--zooms", action="store_true", help="print the accuracy at every zoom, too")
    options = parser.parse_args()
    print("| set | zoom | confidence | accuracy before | after | after - before | balanced before | after | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for folder in options.folders:
        print(row(folder, options.model, options.images), flush=True)
    if options.zooms:
        print("\n| set | score | " + " | ".join(f"{zoom:g}" for zoom in ZOOMS) + " |")
        print("|---|---|" + "---|" * len(ZOOMS))
        for folder in options.folders:
            print(at_every_zoom(folder, options.model, options.images), flush=True)


def row(folder: Path, model: str, images: int) -> str:
    """A row of the table: one laboratory, before and after."""
    with TemporaryDirectory() as place:
        output = Path(place) / "adapted.onnx"
        begun = time.perf_counter()
        found = hemascope.adapt(model, folder, output, images=images)
        seconds = time.perf_counter() - begun
        classifier = hemascope.load(model)
        paths = [path for path in sorted(folder.glob("*/*")) if path.parent.name in classifier.classes]
        targets = np.array([classifier.classes.index(path.parent.name) for path in paths])
        before = labels(classifier, paths)
        after = labels(hemascope.load(output), paths) if found.zoom != 1 else before
    hits = np.stack([before == targets, after == targets])
    shares = [share_interval(int(one.sum()), len(one)) for one in hits]
    change = hits[1].astype(float) - hits[0]
    draws = resampled(len(paths), lambda weights: {"change": weights @ change / len(paths)})["change"]
    shares.append(interval(float(change.mean()), draws, difference=True))
    balanced = [np.mean([one[targets == k].mean() for k in np.unique(targets)]) for one in hits]
    sure = " to ".join(f"{value:.3f}" for value in found.confidence)
    scores = " | ".join(f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in shares)
    means = " | ".join(f"{one:.3f}" for one in balanced)
    return f"| {folder.name}, {len(paths)} | {found.zoom:g} | {sure} | {scores} | {means} | {seconds:.1f} |"


def labels(classifier: Classifier, paths: list[Path]) -> np.ndarray:
    """The number of the class that each image is called."""
    return np.array([classifier.classes.index(one.label) for one in classifier(iter(paths))])


def at_every_zoom(folder: Path, model: str, images: int) -> str:
    """Two rows: mean confidence and accuracy of some images at each zoom."""
    classifier = hemascope.load(model)
    size, classes = classifier.card.input_size, classifier.classes
    paths = [path for path in sorted(folder.glob("*/*")) if path.parent.name in classes]
    paths = [paths[i] for i in np.random.default_rng(0).permutation(len(paths))[:images]]
    targets = np.array([classes.index(path.parent.name) for path in paths])
    pictures = [decode(path) for path in paths]
    rows = []
    for zoom in ZOOMS:
        found = classifier.probabilities(np.stack([frame_at(picture, size, zoom) for picture in pictures]))
        rows.append((found.max(axis=1).mean(), (found.argmax(axis=1) == targets).mean()))
    cells = [" | ".join(f"{value:.3f}" for value in values) for values in zip(*rows, strict=True)]
    return f"| {folder.name} | confidence | {cells[0]} |\n| | accuracy | {cells[1]} |"


if __name__ == "__main__":
    main()
