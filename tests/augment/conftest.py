"""What the tests of augmentation share: smooth images, generators, and draws for them."""

import pytest
import torch

from hemascope.augment.draw import Draw


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    """float32 (8, 3, 48, 48) between 0.2 and 0.8, without hard edges."""
    smooth = torch.rand(8, 3, 6, 6, generator=seeded(1)) * 0.6 + 0.2
    return torch.nn.functional.interpolate(smooth, size=48, mode="bilinear")


@pytest.fixture
def draw() -> Draw:
    return Draw(seeded(), 8)
