"""What some labelled cells of another laboratory are worth: ``hemascope adapt --labelled``, many draws of them.

    python benchmarks/adapt_labels.py --other labs/chula --other ood/bccd --home pbc/val

Draws labelled cells of each folder, refits the head to them and scores the folder's other cells and the cells of home;
prints a row a folder and number of labels: means over the draws and the lowest to the highest. With --unlabelled so
many of the folder's other cells help, without their labels, as they do with ``--unlabelled FOLDER``, but no zoom is
chosen. With --new LABEL the folder's cells of that label are a new class, of which so many as --new-cells are drawn
beside the others.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnx

import hemascope
from hemascope.adapt.head import find_head
from hemascope.adapt.memory import read_memory
from hemascope.adapt.teach import ROUNDS, Fitter
from hemascope.adapt.views import VIEWS, features_of, taught_views
from hemascope.data.framing import frame
from hemascope.data.reading import map_images
from hemascope.data.sources import open_source
from hemascope.predict.classifier import Classifier
from hemascope.predict.shipped import DEFAULT, find
from hemascope.serve.teach import ROUNDS as PAGE_ROUNDS
from hemascope.serve.teach import VIEWS as PAGE_VIEWS


def read(model: Classifier, folder: Path, classes: tuple[str, ...], views: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, views, d) and class numbers (n,) of a folder's cells of the classes."""
    manifest = open_source(folder)
    manifest = manifest.rows(manifest.known(classes))
    numbers = [classes.index(label) for label in manifest.table["label"]]
    framed = map_images(manifest, lambda image: frame(image, model.card.input_size))
    kept = [(numbers[row], image) for row, image in framed if isinstance(image, np.ndarray)]
    return features_of(model, np.stack([image for _, image in kept]), views), np.array([number for number, _ in kept])


def spread(values: list[float]) -> str:
    """The mean, and the lowest to the highest."""
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    parser.add_argument("--other", type=Path, action="append", required=True, help="labelled cells of a laboratory")
    parser.add_argument("--home", type=Path, required=True, help="of the training's laboratory")
    parser.add_argument("--labels", default="20,50", help="numbers of labelled cells")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--unlabelled", type=int, default=0, help="cells without labels beside them, at most")
    parser.add_argument("--page", action="store_true", help="in the page's views and rounds")
    parser.add_argument("--new", default="", help="a label of the folders that the model does not know")
    parser.add_argument("--new-cells", type=int, default=5)
    options = parser.parse_args()
    model, graph = hemascope.load(options.model), onnx.load(find(options.model))
    head, memory = find_head(graph), read_memory(graph)
    classes = (*model.classes, *filter(None, [options.new]))
    k = len(model.classes)
    home, at_home = read(model, options.home, model.classes, 1)
    home = home[:, 0]
    print(f"home as it is: {(head.logits(home).argmax(1) == at_home).mean():.4f} of {len(home):,}")
    print("| folder | labels | as it is | taught | by cross-validation | new class found | home | s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for folder in options.other:
        features, targets = read(model, folder, classes, VIEWS)
        plain = features[:, 0]
        old = head.logits(plain).argmax(1)
        for count in map(int, options.labels.split(",")):
            found: dict[str, list[float]] = {name: [] for name in ("before", "after", "cv", "new", "home", "time")}
            for draw in range(options.draws):
                order = np.random.default_rng(draw).permutation(len(targets))
                new, usual = (order[targets[order] == k], order[targets[order] < k])
                chosen = np.concatenate([usual[:count], new[: options.new_cells]])
                rest = order[~np.isin(order, chosen)]
                start = time.perf_counter()
                own = features[chosen][:, : PAGE_VIEWS if options.page else taught_views(len(chosen))]
                beside = features[rest[: options.unlabelled]] if options.unlabelled else None
                if beside is not None and options.page:
                    beside = beside[:, :PAGE_VIEWS]
                fitter = Fitter(
                    head.grown(len(classes)), k, own, targets[chosen], memory,
                    unlabelled=beside, rounds=PAGE_ROUNDS if options.page else ROUNDS,
                )  # fmt: skip
                taught, unseen = fitter.fit(np.arange(len(chosen))), fitter.unseen()
                found["time"].append(time.perf_counter() - start)
                said = taught.logits(plain[rest]).argmax(1)
                known = targets[rest] < k
                found["before"].append(float((old[rest] == targets[rest])[known].mean()))
                found["after"].append(float((said == targets[rest])[known].mean()))
                found["cv"].append(float((unseen.argmax(1) == targets[chosen]).mean()))
                found["new"].append(float((said == k)[~known].mean()) if (~known).any() else float("nan"))
                found["home"].append(float((taught.logits(home).argmax(1) == at_home).mean()))
            row = [f"{folder.stem}, {len(targets)}", str(count), *(spread(found[one]) for one in list(found)[:5])]
            print(f"| {' | '.join(row)} | {np.mean(found['time']):.1f} |", flush=True)


if __name__ == "__main__":
    main()
