"""Write the annotated fields that the shipped detector learns from: what is boxed, and what a first detector adds.

    python scripts/detector_fields.py DETECTOR DATA -o FOLDER

DETECTOR was trained on BCCD and Chula alone. DATA holds fields/bccd, fields/chula, labs/chula and pbc/train. FOLDER
gets a CSV for each of bccd, chula, chula_cells and pbc, which together are the sources of

    hemascope train-detector FOLDER/*.csv -r detector --set epochs=20 --set views=0.6

- BCCD: its boxes; cells that the detector sees where none is boxed are marked `ignore`, since many are missing there.
- Chula's fields: its boxes of white cells, and red cells and platelets as the detector sees them.
- Cut-out cells of Chula and of PBC (150 a class): small fields with one cell in the middle, all boxes by the detector.

What it is sure of becomes a box, what it half sees is marked `ignore`. For scores stay, as val: BCCD's fields whose
number is a multiple of five, and of Chula's slides, sorted by name, the first and every fifth after it. A few minutes.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import box_iou

from hemascope.cells import KINDS
from hemascope.data.annotations import LabelledField, open_annotations
from hemascope.data.decode import decode
from hemascope.evaluate.detected import write_card
from hemascope.fields.detector import Detector, Found, load_detector
from hemascope.files import scratch
from hemascope.train.detector.pieces import red_widths
from three_laboratories import slide

SURE, HALF = 0.35, 0.12
MISSING = {"white": 0.3, "red": 0.25, "platelet": 0.25}
CHULA_RED, PBC_RED = 70.0, 74.0
"""Pixels across a red cell: of Chula's fields, and of PBC's images, as a first detector measures them."""

A_CLASS = 150
THINNEST = 2.0
"""Pixels across a box at least."""

WHITE, RED, PLATELET = range(len(KINDS))
Row = tuple[str, float, float, float, float, str, int, str]


def overlap(box: np.ndarray, boxes: np.ndarray) -> float:
    """The greatest intersection over union of a box (4,) with others (n, 4); 0 without any."""
    if not len(boxes):
        return 0.0
    return float(box_iou(torch.tensor(np.array(box)[None]), torch.tensor(np.array(boxes))).max())


def rows(path: Path, boxes: np.ndarray, kinds: np.ndarray, ignore: np.ndarray, split: str) -> list[Row]:
    """A row a cell, but for slivers that a detector sees at the edge."""
    return [
        (str(path.resolve()), *np.round(box, 1).tolist(), KINDS[kind], int(out), split)
        for box, kind, out in zip(boxes, kinds, ignore, strict=True)
        if min(box[2] - box[0], box[3] - box[1]) >= THINNEST
    ]


def added(found: Found, field: LabelledField, kinds: tuple[int, ...], sure: dict[int, float], half: dict[int, float]):
    """What the detector sees of some kinds beside the boxes: boxes, kinds and whether to ignore each."""
    chosen = [
        row
        for row, (box, kind, score) in enumerate(zip(found.boxes, found.kinds, found.scores, strict=True))
        if kind in kinds and score >= half[kind] and overlap(box, field.boxes[field.kinds == kind]) <= HALF * 3
        and (kind == WHITE or overlap(box, field.boxes[field.kinds == WHITE]) <= 0.5)
    ]  # fmt: skip
    unsure = np.array([found.scores[row] < sure[found.kinds[row]] for row in chosen], bool)
    return found.boxes[chosen], found.kinds[chosen], unsure


def with_added(detector: Detector, field: LabelledField, width: float, bccd: bool, split: str) -> list[Row]:
    """A field's boxes and what the detector adds to them."""
    none = np.zeros(len(field.boxes), bool)
    own = rows(field.path, field.boxes, field.kinds, none, split)
    if split == "val":
        return own
    found = detector.find(decode(field.path), detector.card.red_width / width)
    if bccd:
        half = {number: MISSING[kind] for number, kind in enumerate(KINDS)}
        more = added(found, field, (WHITE, RED, PLATELET), dict.fromkeys(half, 2.0), half)
    else:
        more = added(found, field, (RED, PLATELET), dict.fromkeys(range(3), SURE), dict.fromkeys(range(3), HALF))
    return own + rows(field.path, *more, split)


def around_one(detector: Detector, path: Path, width: float, kind: int) -> list[Row]:
    """The cells of a picture with one of a known kind in its middle; none where that one is not seen."""
    image = decode(path)
    found = detector.find(image, detector.card.red_width / width)
    middle = np.array(image.shape[1::-1]) / 2
    over = (found.boxes[:, :2] < middle).all(1) & (found.boxes[:, 2:] > middle).all(1)
    over &= (found.kinds == kind) | ((kind == PLATELET) & (found.kinds == WHITE))
    if not over.any() or found.scores[over].max() < 0.15:
        return []
    central = found.boxes[np.flatnonzero(over)[found.scores[over].argmax()]]
    boxes, kinds, ignore = [central], [kind], [False]
    for box, other, score in zip(found.boxes, found.kinds, found.scores, strict=True):
        shared = overlap(box, central[None])
        if score >= HALF and shared <= 0.5 and not (shared > 0.3 and (other == kind or kind == PLATELET)):
            boxes.append(box)
            kinds.append(other)
            ignore.append(score < SURE)
    return rows(path, np.array(boxes), np.array(kinds), np.array(ignore), "train")


def main() -> None:
    """Read, look, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector")
    parser.add_argument("data", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    with scratch() as folder:
        first = load_detector(options.detector)
        write_card(first.path, replace(first.card, thresholds=dict.fromkeys(KINDS, HALF)), folder / "detector.onnx")
        detector = load_detector(folder / "detector.onnx")
    slides = sorted({slide(path.name) for path in (options.data / "labs/chula").rglob("*.*")})[::5]
    tables: dict[str, list[Row]] = {"bccd": [], "chula": [], "chula_cells": [], "pbc": []}
    bccd = open_annotations(options.data / "fields/bccd").fields
    for field, width in zip(bccd, red_widths(bccd), strict=True):
        split = "val" if int(field.path.stem.split("_")[1]) % 5 == 0 else "train"
        tables["bccd"] += with_added(detector, field, width, True, split)
    for field in open_annotations(options.data / "fields/chula").fields:
        split = "val" if slide(f"{field.path.stem}_") in slides else "train"
        tables["chula"] += with_added(detector, field, CHULA_RED, False, split)
    for path in sorted((options.data / "labs/chula").rglob("*.jpg")):
        if slide(path.name) not in slides:
            tables["chula_cells"] += around_one(detector, path, CHULA_RED, WHITE)
    random = np.random.default_rng(0)
    for folder in sorted((options.data / "pbc/train").iterdir()):
        paths = sorted(folder.iterdir())
        for number in random.permutation(len(paths))[:A_CLASS]:
            kind = PLATELET if folder.name == "platelet" else WHITE
            tables["pbc"] += around_one(detector, paths[number], PBC_RED, kind)
    for name, table in tables.items():
        path = options.output / f"{name}.csv"
        lines = [("file", "xmin", "ymin", "xmax", "ymax", "kind", "ignore", "split"), *table]
        options.output.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)
        print(f"{path}: {len({row[0] for row in table}):,} fields, {len(table):,} cells")


if __name__ == "__main__":
    main()
