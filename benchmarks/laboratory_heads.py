"""Heads for several laboratories: what each costs at home, and gains on a laboratory that taught it nothing.

    python scripts/three_laboratories.py PBC CHULA BCCD -o three
    python benchmarks/laboratory_heads.py MODEL three/laboratories.csv [--keep FILE]

MODEL knows the laboratory of most images alone ("home"), as the file from which `scripts/laboratory_head.py` begins.
Only rows of the split train are looked at. Prints a Markdown table, a row a head of `HEADS`:

- home: accuracy on a fifth of home's images that the head was not fitted to (the network was, so it reads high);
- shrunk, changed: the same by a poor camera, which shrinks every other image and changes the rest;
- NAME left out: accuracy and balanced accuracy on a laboratory, by a head of the others;
- seen at home only: of the pairs of classes in `HIDDEN` the other laboratories' cells are left out as well, one pair at
  a time; balanced accuracy on the laboratory left out, and the recall of the two classes, means of all pairs there.

What the network sees is kept in FILE, a pickle, and read from it the next time. That takes five minutes on two cores,
and a head about one.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import onnx
from sklearn.metrics import recall_score

import hemascope
from hemascope.adapt.head import Head, find_head
from hemascope.data.sources import open_source
from hemascope.export.laboratories import Laboratory, Lesson, fit_head, rows
from hemascope.export.material import Eyes, Material
from hemascope.predict.shipped import find
from hemascope.progress import Terminal

VIEWS = {
    "as they are": {"recoloured": False, "poor": False},
    "recoloured": {"poor": False},
    "and by a poor camera": {},
}
"""Of home's images, as `Material.laboratories` is asked for them."""

HEADS = [
    (Lesson(kept=0, stand_in=0, ridge=1e-4), "as they are"),
    (Lesson(stand_in=0, ridge=1e-4), "as they are"),
    (Lesson(stand_in=0, ridge=1e-4), "recoloured"),
    (Lesson(ridge=1e-4), "recoloured"),
    (Lesson(stand_in=1, ridge=1e-4), "recoloured"),
    (Lesson(home=0.5, ridge=1e-4), "recoloured"),
    (Lesson(home=0.5, kept=0.7, ridge=1e-4), "recoloured"),
    (Lesson(ridge=3e-4), "recoloured"),
    (Lesson(ridge=1e-4), "and by a poor camera"),
    (Lesson(), "and by a poor camera"),  # the shipped one
    (Lesson(ridge=1e-5), "and by a poor camera"),
]

HIDDEN = (("lymphocyte", "monocyte"), ("eosinophil", "neutrophil"))
"""Classes that only home shows, two at a time."""


def measured(
    material: Material, classes: tuple[str, ...], views: str, fit: Callable[[list[Laboratory]], Head]
) -> Iterator[str]:
    """The scores of a row, each by a head that is fitted for it."""
    home, *others = material.names
    own, held = material.targets[home], material.held
    head = fit(material.laboratories(held, **VIEWS[views]))
    shrunk = np.arange(len(own)) % 2 == 0
    for features, chosen in (
        (material.plain[home], held), (material.poor, held & shrunk), (material.poor, held & ~shrunk)
    ):  # fmt: skip
        yield f"{(said(head, features[chosen]) == own[chosen]).mean():.3f}"
    balanced, recalls = [], []
    for name in others:
        features, targets = material.plain[name], material.targets[name]
        teaching = material.laboratories(without=name, **VIEWS[views])
        found = said(fit(teaching), features)
        yield f"{(found == targets).mean():.3f}, {recall(targets, found):.3f}"
        for pair in HIDDEN:
            two = [classes.index(one) for one in pair]
            found = said(fit([teaching[0], *(hidden(one, two) for one in teaching[1:])]), features)
            balanced.append(recall(targets, found))
            recalls.append(recall(targets, found, two))
    yield f"{np.mean(balanced):.3f}, {np.mean(recalls):.3f}"


def recall(targets: np.ndarray, found: np.ndarray, classes: list[int] | None = None) -> float:
    """Mean of those of some classes; of all that there are it is the balanced accuracy."""
    return float(recall_score(targets, found, labels=classes or np.unique(targets), average="macro"))


def said(head: Head, features: np.ndarray) -> np.ndarray:
    """Class numbers, int (n,)."""
    return head.logits(features).argmax(axis=1)


def hidden(laboratory: Laboratory, classes: list[int]) -> Laboratory:
    """Without the cells of some classes, so that their stand-ins teach in their place."""
    kept = ~np.isin(laboratory.targets, classes)
    return replace(laboratory, features=laboratory.features[kept], targets=laboratory.targets[kept])


def main() -> None:
    """Look, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("laboratories", type=Path)
    parser.add_argument("--keep", type=Path, help="of what the network sees")
    options = parser.parse_args()
    path = find(options.model)
    model, old = hemascope.load(path), find_head(onnx.load(path), str(path))
    assert "head" not in model.card.data, f"{path}: has such a head already; begin with the file before it"
    if options.keep and options.keep.exists():
        material = joblib.load(options.keep)
    else:
        source = replace(open_source(options.laboratories).in_split("train"), classes=model.classes)
        with Terminal() as progress:
            material = Material(source.rows(source.known(model.classes)), Eyes(model, progress))
        if options.keep:
            joblib.dump(material, options.keep)

    left_out = [f"{name} left out" for name in material.names[1:]]
    title = ["weight of home", "of stand-ins", "old head", "ridge", "home's images"]
    title += ["home", "shrunk", "changed", *left_out, "seen at home only: balanced, recall"]
    print(f"| {' | '.join(title)} |\n|{'---|' * len(title)}", flush=True)
    as_it_is = ["", "", "1", "", "", *measured(material, model.classes, "as they are", lambda _: old)]
    print(f"| {' | '.join(as_it_is)} |", flush=True)
    for lesson, views in HEADS:

        def fit(laboratories: list[Laboratory], lesson: Lesson = lesson) -> Head:
            return fit_head(old, *rows(laboratories, len(model.classes), lesson), lesson)

        cells = [f"{value:g}" for value in (lesson.home, lesson.stand_in, lesson.kept, lesson.ridge)]
        print(f"| {' | '.join([*cells, views, *measured(material, model.classes, views, fit)])} |", flush=True)


if __name__ == "__main__":
    main()
