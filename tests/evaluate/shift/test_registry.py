import pytest

from hemascope.errors import HemascopeError
from hemascope.evaluate.shift.corruption import SEVERITIES
from hemascope.evaluate.shift.registry import CORRUPTIONS, DEFAULT, choose_corruptions, choose_severities

PUBLISHED = [
    "pixelate", "jpeg_compression", "defocus_blur", "motion_blur", "brightness_up", "brightness_down", "contrast_up",
    "contrast_down", "saturate", "stain_deposit", "bubble",
]  # fmt: skip


def names(text: str) -> list[str]:
    return [corruption.name for corruption in choose_corruptions(text)]


def test_is_complete():
    assert names("medmnist-c") == PUBLISHED
    assert names("all") == list(CORRUPTIONS)
    assert {corruption.family for corruption in CORRUPTIONS.values()} == {
        "blur", "noise", "light", "colour", "compression", "geometry", "occlusion", "mixture",
    }  # fmt: skip
    assert len({corruption.title for corruption in CORRUPTIONS.values()}) == len(CORRUPTIONS)


def test_choice_of_corruptions():
    assert names(DEFAULT) == [*PUBLISHED, "random"]
    assert names("hue, geometry,hue") == ["hue", "zoom_out", "shift", "rotation"]
    with pytest.raises(HemascopeError, match=r"'snow' is no corruption. Choose from: all, medmnist-c, compression"):
        choose_corruptions("hue,snow")
    with pytest.raises(HemascopeError, match="no corruption is named"):
        choose_corruptions(" , ")


def test_choice_of_severities():
    assert choose_severities("1,2,3,4,5") == SEVERITIES
    assert choose_severities("3, 1,3") == (1, 3)
    for wrong in ("0", "6", "1.5", "mild", ""):
        with pytest.raises(HemascopeError, match="are not numbers from 1 to 5"):
            choose_severities(wrong)
