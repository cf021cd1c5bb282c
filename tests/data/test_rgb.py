import numpy as np
import pytest
from PIL import Image

from hemascope.data.rgb import of_numbers, of_picture
from hemascope.errors import DecodeError

COLOUR = (200, 100, 50)


@pytest.mark.parametrize("mode", ["RGB", "RGBX", "RGBA", "RGBa", "HSV", "YCbCr", "CMYK"])
def test_a_colour_in_every_mode(mode: str) -> None:
    one = Image.new("RGB", (3, 2), COLOUR)
    picture = one.convert("RGBA").convert("RGBa") if mode == "RGBa" else one.convert(mode)
    np.testing.assert_allclose(of_picture(picture)[1, 2].astype(int), COLOUR, atol=6)


def test_red_in_lab() -> None:
    lightness, a, b = 54.3, 80.8, 69.9  # under D50
    bands = [Image.new("L", (3, 2), value) for value in (round(lightness * 2.55), round(a) + 128, round(b) + 128)]
    red = of_picture(Image.merge("LAB", bands))
    np.testing.assert_allclose(red[0, 0].astype(int), (255, 0, 0), atol=8)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "La", "PA", "I", "I;16", "I;16B", "F"])
def test_white_in_every_grey_mode(mode: str) -> None:
    white = {"I": 65535, "I;16": 65535, "I;16B": 65535, "F": 1.0}
    one = Image.new("L", (3, 2), 255)
    if mode == "La":
        picture = one.convert("LA").convert("La")
    else:
        picture = Image.new(mode, (3, 2), white[mode]) if mode in white else one.convert(mode)
    assert (of_picture(picture) == 255).all()


def test_numbers_out_of_range() -> None:
    with pytest.raises(DecodeError, match="grey values run from 0 to 5000, not from 0 to 4095"):
        of_numbers(np.array([[0, 5000]], np.uint16), 12)
    assert of_numbers(np.array([[0, 4095]], np.uint16), 12)[0, :, 0].tolist() == [0, 255]


def test_every_number_of_16_bits_is_rounded_to_the_nearest() -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(of_numbers(values)[..., 1], np.rint(values / 257).astype(np.uint8))
