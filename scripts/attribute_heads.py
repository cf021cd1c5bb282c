"""Give a model file the output `attributes`: what is seen of a cell in the words of haematology.

    python scripts/attribute_heads.py MODEL PBC WBCATT.csv

MODEL is a model file or the name of a shipped one, changed in place: the rest of its graph, its weights and its card
stay. PBC is the folder that holds train/ (Acevedo et al. 2020), WBCATT.csv the attributes of its images by file name
(Tsutsui, Pang, Wen 2023). Only images in train/ teach, a quarter of them chooses how. Three minutes on two cores.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

import hemascope
from hemascope.adapt.save import save_model
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.export.attributes import describe_heads, fit_heads, join_heads, labelled_rows
from hemascope.predict.classifier import Classifier
from hemascope.predict.modelfile import BATCH
from hemascope.predict.shipped import find
from hemascope.progress import SILENT, Progress, Terminal

DATA = "WBCAtt (Tsutsui, Pang, Wen, NeurIPS 2023, MIT)"
_SAME = 2e-3


def features_of(model: Classifier, source: Manifest, progress: Progress = SILENT) -> np.ndarray:
    """Features of all images of a source, float32 (n, d); all must be readable and of one size."""
    found: list[np.ndarray] = []
    waiting: list[np.ndarray] = []
    progress.step("looking at images", len(source))
    for row, image in read_images(source):
        assert isinstance(image, np.ndarray), image
        waiting.append(image)
        if len(waiting) == BATCH * model.threads or row + 1 == len(source):
            found.append(model.features(np.stack(waiting)))
            waiting = []
            progress.done(row + 1)
    return np.concatenate(found)


def main() -> None:
    """Fit, join, compare and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("pbc", type=Path)
    parser.add_argument("csv", type=Path)
    options = parser.parse_args()
    path = find(options.model)
    model = hemascope.load(path, device="cpu")
    train, labels = labelled_rows(open_source(options.pbc / "train"), options.csv)
    with Terminal() as progress:
        features = features_of(model, train, progress)
        heads = fit_heads(features, list(labels), labels.to_numpy(str), progress=progress)
    card = replace(model.card, attributes=describe_heads(heads, sorted(set(train.table["label"])), len(train), DATA))
    graph = join_heads(onnx.load(path), heads)
    image = next(image for _, image in read_images(train.rows(np.arange(1))) if isinstance(image, np.ndarray))
    before = model.judge(image[None])

    def same(written: Classifier) -> None:
        after = written.judge(image[None], attributes=True)
        assert np.array_equal(before.probabilities, after.probabilities)
        assert np.abs(after.attributes - heads.probabilities(features[:1])).max() < _SAME

    save_model(graph, path, card, check=same)
    print(f"{path}: {heads.method}; macro F1 on training images held out:")
    for name, value in zip(heads.names, heads.f1, strict=True):
        print(f"{name:26} {value:.3f}")
    print(f"{'mean':26} {np.mean(heads.f1):.3f}")


if __name__ == "__main__":
    main()
