"""What ``hemascope adapt`` without labels gains and costs: accuracy before and after, at home and elsewhere.

    python benchmarks/adapt.py --model robust ood/tecom three/chula.csv pbc/val

The sources hold labelled images; those of classes that the model does not know are adapted to as well, but not
scored. Prints a Markdown table. All images are scored, with what was chosen by some of them without labels; "alike when
turned" is the share of the turned views of those that are called as the image itself, before and, where the head is
new, after. The intervals are 95%, the last column's of the difference on the same resamples; ``--zooms`` adds the
accuracy at every zoom that was tried, on the images that chose.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import hemascope
from hemascope.adapt.adapt import IMAGES
from hemascope.adapt.choice import ZOOMS
from hemascope.adapt.zoom import frame_at
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.evaluate.bootstrap import interval, resampled
from hemascope.evaluate.proportion import share_interval
from hemascope.evaluate.score_model import score_model
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import DEFAULT


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="+", help="labelled images")
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    parser.add_argument("--images", type=int, default=IMAGES, help="images that choose the zoom")
    parser.add_argument("--zooms", action="store_true", help="print the accuracy at every zoom, too")
    options = parser.parse_args()
    print("| set | zoom | alike when turned | before | after | after - before | balanced before | after | seconds |")
    print("|---|---|---|---|---|---|---|---|---|")
    for source in options.sources:
        print(row(source, options.model, options.images), flush=True)
    if options.zooms:
        print("\n| set | score | " + " | ".join(f"{zoom:g}" for zoom in ZOOMS) + " |")
        print("|---|---|" + "---|" * len(ZOOMS))
        for source in options.sources:
            print(at_every_zoom(source, options.model, options.images), flush=True)


def row(source: Path, model: str, images: int) -> str:
    """A row of the table: one laboratory, before and after."""
    with TemporaryDirectory() as place:
        output = Path(place) / "adapted.onnx"
        begun = time.perf_counter()
        found = hemascope.adapt(model, source, output, images=images)
        seconds = time.perf_counter() - begun
        classifier = hemascope.load(model)
        targets, before = labels(classifier, source)
        after = labels(hemascope.load(output), source)[1]
    hits = np.stack([before == targets, after == targets])
    shares = [share_interval(int(one.sum()), len(one)) for one in hits]
    change = hits[1].astype(float) - hits[0]
    draws = resampled(len(change), lambda weights: {"change": weights @ change / len(change)})["change"]
    shares.append(interval(float(change.mean()), draws, difference=True))
    balanced = [np.mean([one[targets == k].mean() for k in np.unique(targets)]) for one in hits]
    alike = " to ".join(f"{1 - value:.3f}" for value in found.turned.differing or ())
    alike = alike if found.turned.head is not None else alike.partition(" ")[0]
    scores = " | ".join(f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in shares)
    means = " | ".join(f"{one:.3f}" for one in balanced)
    return f"| {source.stem}, {len(targets)} | {found.zoom:g} | {alike} | {scores} | {means} | {seconds:.1f} |"


def labels(model: Classifier, source: Path) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the class that each image of a known class has, and is called."""
    images = open_source(source)
    images = images.rows(np.flatnonzero(images.known(model.classes)))
    found, _ = score_model(model, images, temperature=model.card.temperature)
    return found.targets, found.probabilities.argmax(axis=1)


def at_every_zoom(source: Path, model: str, images: int) -> str:
    """Two rows: mean confidence and accuracy of some images at each zoom."""
    classifier = hemascope.load(model)
    size = classifier.card.input_size
    manifest = replace(open_source(source), classes=classifier.classes)
    manifest = manifest.rows(np.random.default_rng(0).permutation(np.flatnonzero(manifest.known()))[:images])
    targets = manifest.targets()
    pictures = [image for _, image in read_images(manifest)]
    rows = []
    for zoom in ZOOMS:
        found = classifier.probabilities(np.stack([frame_at(picture, size, zoom) for picture in pictures]))
        rows.append((found.max(axis=1).mean(), (found.argmax(axis=1) == targets).mean()))
    cells = [" | ".join(f"{value:.3f}" for value in values) for values in zip(*rows, strict=True)]
    return f"| {source.stem} | confidence | {cells[0]} |\n| | accuracy | {cells[1]} |"


if __name__ == "__main__":
    main()
