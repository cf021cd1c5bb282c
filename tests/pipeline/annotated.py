"""Fields of squares with their boxes, and a training that is over at once: the detector of squares."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

from hemascope.data.annotations import LabelledField
from hemascope.pipeline import train_detector as pipeline
from hemascope.progress import Progress
from hemascope.train.detector.recipe import DetectorRecipe
from tests.fields import toy

LABELS = {"white": "monocyte", "red": "RBC", "platelet": "plt"}
WIDTH, HEIGHT = 320, 240


def write_squares(
    folder: Path, fields: int = 5, kinds: Sequence[str] = ("white", "red", "platelet"), darkness: int = 200
) -> Path:
    """Fields ``s1_0001.png`` and so on, two of a slide, each with its own squares."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["file,xmin,ymin,xmax,ymax,label"]
    for number in range(fields):
        squares = [(kind, x, y, 9 if kind == "platelet" else side) for kind, x, y, side in toy.grid(HEIGHT, WIDTH)][
            number:
        ]
        name = f"s{number // 2 + 1}_{number:04}.png"
        Image.fromarray(toy.draw_field(HEIGHT, WIDTH, squares, darkness)).save(folder / name)
        for kind, x, y, side in squares:
            left, top = round(x - side / 2), round(y - side / 2)
            if kind in kinds:
                rows.append(f"{name},{left},{top},{left + round(side)},{top + round(side)},{LABELS[kind]}")
    (folder / "annotations.csv").write_text("\n".join(rows) + "\n")
    return folder


def fit(
    recipe: DetectorRecipe,
    fields: Sequence[LabelledField],
    folder: Path,
    on_epoch: Callable[[dict[str, float]], None],
    progress: Progress,
) -> object:
    """Stands in for the training: leaves a checkpoint and a history of falling losses."""
    (folder / "last.ckpt").parent.mkdir(parents=True, exist_ok=True)
    (folder / "last.ckpt").write_bytes(b"")
    for epoch in range(1, recipe.epochs + 1):
        on_epoch({"epoch": epoch, "train_loss": 2.0 / epoch, "learning_rate": 1e-3, "seconds": 1.0})
    return object()


@pytest.fixture
def quick_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every training gives the detector of squares."""
    monkeypatch.setattr(pipeline, "fit_network", fit)
    monkeypatch.setattr(pipeline, "write_detector", lambda network, card, path: toy.write_detector(path, card=card))
    monkeypatch.setattr(pipeline, "_card", lambda recipe, fields: toy.CARD)
