"""What a slide is refused for as a whole."""

from types import SimpleNamespace

import pytest

from hemascope.errors import DecodeError
from hemascope.fields.slides.slide import Level, Slide


@pytest.mark.parametrize("wide", [16_777_376, 40])
def test_a_slide_whose_levels_are_not_of_one_picture_is_refused(wide: int) -> None:
    closed: list[bool] = []
    levels = (Level(wide, 640, 1), Level(160, 160, 4))
    reader = SimpleNamespace(levels=levels, micrometres=None, close=lambda: closed.append(True))
    with pytest.raises(DecodeError, match=r"^a\.svs: its levels are not of one picture"):
        Slide("a.svs", lambda: reader)
    assert closed


def test_small_levels_are_rounded() -> None:
    levels = (Level(300, 100, 1), Level(75, 25, 4), Level(4, 1, 80))
    reader = SimpleNamespace(levels=levels, micrometres=None, close=lambda: None)
    assert Slide("a.svs", lambda: reader).levels == levels
