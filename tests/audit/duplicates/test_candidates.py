"""Turns that are passed over because they cannot be alike are indeed not."""

import numpy as np
import pytest

from hemascope.audit.duplicates import candidates
from hemascope.audit.duplicates.candidates import ZOOMS, alike, nearest, spectra
from hemascope.audit.duplicates.squares import turned
from hemascope.data.smears import draw


def test_only_turns_that_cannot_be_alike_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.stack([draw(3, number, 64).image for number in range(40)])
    images[20:] = [turned(image, number % 8) for number, image in enumerate(images[:20])]
    found = spectra(images, np.arange(40))
    pairs = nearest(found)
    some = alike(found, pairs)
    monkeypatch.setattr(candidates, "_ROUNDED", 2.0)  # none is passed over
    every = alike(found, pairs)
    assert len(some) >= 20
    assert set(some.zoom) <= set(ZOOMS)
    for name in ("first", "second", "zoom", "turn", "shift"):
        np.testing.assert_array_equal(getattr(some, name), getattr(every, name))
