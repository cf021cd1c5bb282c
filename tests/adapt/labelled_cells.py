"""A model with a memory, and coloured pictures that it can be taught to tell apart."""

from pathlib import Path

import numpy as np
import onnx
from PIL import Image
from scipy import special

import hemascope
from hemascope.adapt.head import find_head
from hemascope.adapt.memory import candidates, remember, store_memory
from tests.adapt.model import CLASSES, SIZE, some_images, write_model

COLOURS = {"basophil": (60, 40, 120), "lymphocyte": (200, 60, 60), "platelet": (60, 200, 80), "blast": (230, 220, 60)}


def write_remembering(path: Path) -> Path:
    """The model of `write_model` with the memory of 60 pictures of noise, each of the class that it calls them."""
    write_model(path)
    graph, images = onnx.load(path), some_images(60)
    features = hemascope.load(path).features(images)
    said = special.softmax(find_head(graph).logits(features), axis=1)
    targets = said.argmax(axis=1)
    chosen = candidates(targets)
    store_memory(graph, remember(CLASSES, features[chosen], targets[chosen], said[chosen]))
    onnx.save(graph, path)
    return path


def write_cells(folder: Path, each: int, classes: tuple[str, ...] = CLASSES, seed: int = 0) -> Path:
    """Class folders of so many pictures, noise around the colour of their class."""
    generator = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            values = generator.normal(COLOURS[name], 12, (SIZE, SIZE, 3))
            Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(folder / name / f"{number:03d}.png")
    return folder
