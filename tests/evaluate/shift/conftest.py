import numpy as np
import pytest

from hemascope.data.smears import draw


@pytest.fixture(scope="session")
def cells() -> list[np.ndarray]:
    """A synthetic cell of every class, uint8 (160, 160, 3)."""
    return [draw(3, index, 160).image for index in range(8)]
