"""A Run folder as a training leaves it, made of any Manifest and made-up logits."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.manifest import Manifest
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.predictions import Predictions

RECIPE = "# what it does\nname: standard\nnetwork: tf_efficientnet_lite0\nepochs: 30\n"


def draw_images(folder: Path, n: int, classes: tuple[str, ...] = BLOOD_CLASSES, seed: int = 0) -> Manifest:
    """Small pictures, one colour a class with noise, in class folders; every fifth is val, every tenth test."""
    generator = np.random.default_rng(seed)
    colours = generator.integers(40, 216, (len(classes), 3))
    paths, labels, splits = [], [], []
    for i in range(n):
        c = i % len(classes)
        path = folder / f"class_{c}" / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = generator.integers(-30, 30, (24, 24, 3))
        Image.fromarray((colours[c] + noise).clip(0, 255).astype(np.uint8)).save(path)
        paths.append(str(path))
        labels.append(classes[c])
        splits.append(("train", "train", "train", "val", "test")[i // len(classes) % 5])
    return Manifest.build(paths, labels, classes, splits=splits, name="dots", licence="CC0")


def plausible_logits(manifest: Manifest, margin: float = 12.0, seed: int = 0) -> np.ndarray:
    """Logits that confuse neighbouring classes most, on a few hard images; too sure of themselves."""
    generator = np.random.default_rng(seed)
    targets, k = manifest.targets(), len(manifest.classes)
    logits = generator.normal(0, 2.0, (len(manifest), k))
    ease = generator.gamma(2.2, 1.0, len(manifest))  # the hard images are those of little ease
    logits[np.arange(len(manifest)), targets] += margin * np.tanh(ease)
    logits[np.arange(len(manifest)), (targets + 1) % k] += 4.0
    return logits


def write_run(folder: Path, manifest: Manifest, margin: float = 12.0, history: bool = True) -> Path:
    """Write manifest, predictions, history and recipe; the metrics are left to the report."""
    folder.mkdir(parents=True)
    manifest.write(folder / "manifest.parquet")
    usable = manifest.rows(manifest.usable)
    logits = plausible_logits(usable, margin)
    val = (usable.table["split"] == "val").to_numpy()
    temperature = fit_temperature(logits[val], usable.targets()[val])
    Predictions.build(usable, logits, temperature).write(folder / "predictions.parquet")
    if history:
        epochs = np.arange(1, 21)
        fall = np.exp(-epochs / 4)
        pd.DataFrame(
            {
                "epoch": epochs,
                "train_loss": 0.25 + 1.4 * fall,
                "train_accuracy": 0.965 - 0.5 * fall,
                "val_loss": 0.12 + 1.1 * fall + 0.01 * np.sin(epochs * 2),
                "val_accuracy": 0.984 - 0.4 * fall + 0.002 * np.sin(epochs * 3),
                "learning_rate": 1e-3 * 0.5 ** (epochs // 7),
                "seconds": np.full(20, 93.0),
            }
        ).to_csv(folder / "history.csv", index=False)
        (folder / "recipe.yaml").write_text(RECIPE)
    return folder


@pytest.fixture
def dots(tmp_path: Path) -> Manifest:
    return draw_images(tmp_path / "images", 400)


@pytest.fixture
def run(tmp_path: Path, dots: Manifest) -> Path:
    return write_run(tmp_path / "run", dots)
