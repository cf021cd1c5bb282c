"""Fields and cells made up for the tests: a dark disc on light ground a white cell, and what might be said of them."""

import numpy as np

from hemascope.fields.cell import Cell

CLASSES = ("monocyte", "neutrophil", "platelet")


def field(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """Pixels uint8 (h, w, 3) with noise, so that no two places are alike."""
    return np.random.default_rng(seed).integers(120, 250, (height, width, 3), dtype=np.uint8)


def cells(name: str = "monday/a.png") -> list[Cell]:
    """A sure white cell, a doubtful and an unknown one, two red cells, the second cut by the right edge, a platelet."""
    return [
        Cell(name, (10, 20, 30.25, 44.5), "white", 0.95, False, True, "neutrophil", 0.9, (0.06, 0.9, 0.04), 0.1),
        Cell(name, (40, 20, 60, 40), "white", 0.3, False, True, "monocyte", 0.6, (0.6, 0.3, 0.1), 0.2,
             appearance="kidney-shaped nucleus"),
        Cell(name, (70, 20, 90, 40), "white", 0.9, False, True, "monocyte", 0.99, (0.99, 0.005, 0.005), 0.9, True),
        Cell(name, (0, 60, 20, 80), "red", 0.8, True, True),
        Cell(name, (110, 60, 128, 80), "red", 0.7, True, False),
        Cell(name, (50, 60, 56, 66), "platelet", 0.6, False, True, "platelet"),
    ]  # fmt: skip


def broken(name: str = "monday/broken.png") -> list[Cell]:
    """Of a field that could not be read."""
    return [Cell(name, error=f"{name}: cut off")]
