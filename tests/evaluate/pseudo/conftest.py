"""Pictures of two classes and a model that tells them by brightness."""

import numpy as np
import pytest


class ByBrightness:
    """Calls an image light where its mean is above the middle."""

    classes = ("dark", "light")

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        light = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([1 - light, light], axis=1)


@pytest.fixture
def model() -> ByBrightness:
    return ByBrightness()


@pytest.fixture
def greys() -> tuple[np.ndarray, np.ndarray]:
    """Seventy pictures of 32 pixels, grey 100 or 150, and their classes."""
    targets = np.arange(70) % 2
    images = np.random.default_rng(0).integers(-20, 20, (70, 32, 32, 3)) + (100 + 50 * targets)[:, None, None, None]
    return images.astype(np.uint8), targets
