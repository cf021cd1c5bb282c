"""Small annotated fields in every form, all of the same three pictures."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (64, 48)
BOXES = {
    "a_1.png": [(4, 4, 24, 24, "WBC"), (30, 10, 40, 20, "RBC"), (50, 30, 54, 34, "Platelets")],
    "a_2.png": [(0, 0, 10, 12, "RBC")],
    "b_5.png": [],
}
"""Of each field, its boxes in pixels."""

LABELS = ("WBC", "RBC", "Platelets")
EXAMPLE = "file,xmin,ymin,xmax,ymax,label"


def write_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(BOXES):
        pixels = np.random.default_rng(number).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
        Image.fromarray(pixels).save(folder / name)


def write_csv(folder: Path, rows: list[str] | None = None, header: str = EXAMPLE) -> Path:
    write_pictures(folder)
    if rows is None:
        rows = [f"{name},{','.join(map(str, box))}" for name, boxes in BOXES.items() for box in boxes]
        rows.append("b_5.png,,,,,")
    (folder / "annotations.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def coco() -> dict:
    images = [{"id": i, "file_name": name, "width": 64, "height": 48} for i, name in enumerate(BOXES)]
    marks = [
        {"id": 10 * i + j, "image_id": i, "category_id": LABELS.index(box[4]), "iscrowd": 0,
         "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]]}
        for i, boxes in enumerate(BOXES.values()) for j, box in enumerate(boxes)
    ]  # fmt: skip
    return {
        "images": images,
        "annotations": marks,
        "categories": [{"id": i, "name": name} for i, name in enumerate(LABELS)],
    }


def write_coco(folder: Path) -> Path:
    write_pictures(folder / "images")
    (folder / "annotations").mkdir(exist_ok=True)
    (folder / "annotations" / "instances_default.json").write_text(json.dumps(coco()))
    return folder


def xml(name: str) -> str:
    objects = "".join(
        f"<object><name>{label}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox>"
        "</object>"
        for a, b, c, d, label in BOXES[name]
    )
    size = "<size><width>64</width><height>48</height></size>"
    return f"<annotation><filename>{name}</filename>{size}{objects}</annotation>"


def write_voc(folder: Path) -> Path:
    write_pictures(folder / "JPEGImages")
    (folder / "Annotations").mkdir()
    for name in BOXES:
        (folder / "Annotations" / name).with_suffix(".xml").write_text(xml(name))
    return folder


def write_yolo(folder: Path, splits: tuple[str, ...] = ("train", "train", "val")) -> Path:
    write_pictures(folder / "pictures")
    for split, (name, boxes) in zip(splits, BOXES.items(), strict=True):
        for kind in ("images", "labels"):
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
        (folder / "pictures" / name).rename(folder / "images" / split / name)
        lines = [
            f"{LABELS.index(label)} {(a + c) / 128} {(b + d) / 96} {(c - a) / 64} {(d - b) / 48}"
            for a, b, c, d, label in boxes
        ]
        (folder / "labels" / split / name).with_suffix(".txt").write_text("\n".join(lines))
    (folder / "pictures").rmdir()
    (folder / "data.yaml").write_text(f"path: .\ntrain: images/train\nnames: {list(LABELS)}\n")
    return folder
