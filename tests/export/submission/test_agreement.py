from pathlib import Path

import numpy as np
import pytest

import hemascope
from hemascope.errors import ModelFileError
from hemascope.export.submission.agreement import require_agreement

GREYS = np.full((1, 96, 96, 3), 90, np.uint8)


def test_agreement_repeats_the_images(run: Path) -> None:
    images = np.concatenate([np.full((1, 96, 96, 3), colour, np.uint8) for colour in ((220, 0, 0), (0, 0, 220))])
    said = require_agreement(np.array([0, 2, 0, 2, 0]), images, hemascope.load(run), views=2)
    assert said == (5, 5, 0)
    with pytest.raises(ModelFileError, match="1 of 3 images another class"):
        require_agreement(np.array([0, 2, 1]), images, hemascope.load(run), views=1)


def test_a_tie_may_be_decided_otherwise(run: Path) -> None:
    assert require_agreement(np.array([2]), GREYS, hemascope.load(run), views=1) == (1, 0, 1)
