import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.evaluate.predictions import Predictions, confident_mistakes
from hemascope.report.gallery import SIDE, contact_sheet, picture, tiles

from .conftest import plausible_logits

IMAGES = np.stack([np.full((32, 32, 3), 10 * k, np.uint8) for k in range(1, 6)])


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))))


def test_picture_is_small_and_looks_the_same():
    image = np.full((400, 200, 3), (200, 40, 90), np.uint8)
    small = opened(picture(image))
    assert small.size == (SIDE // 2, SIDE)
    assert np.abs(np.asarray(small)[80, 40].astype(int) - (200, 40, 90)).max() < 6


def test_tiles_follow_the_mistakes_and_survive_a_missing_image(dots):
    predictions = Predictions.build(dots, plausible_logits(dots, margin=6.0))
    mistakes = confident_mistakes(predictions, "val", most=5)
    gone = mistakes["path"].iloc[1]
    expected = np.asarray(Image.open(mistakes["path"].iloc[0])).mean(axis=(0, 1))
    Path(gone).unlink()
    found = tiles(mistakes, lambda images: [f"{images[0].ndim} sides" for _ in images])
    assert [tile.appearance for tile in found[:2]] == ["3 sides", ""]
    assert len(found) == 5
    assert found[1].picture == ""
    assert np.abs(np.asarray(opened(found[0].picture)).mean(axis=(0, 1)) - expected).max() < 4
    assert found[0].true == mistakes["true"].iloc[0].replace("_", " ").capitalize()
    assert found[1].name == Path(gone).name


def test_every_image_is_where_it_belongs() -> None:
    sheet = contact_sheet(IMAGES, columns=4)
    np.testing.assert_array_equal(sheet[4:36, 40:72], IMAGES[1])
    np.testing.assert_array_equal(sheet[40:72, 4:36], IMAGES[4])
    assert (sheet[40:72, 40:] == 255).all()


def test_captions_stay_below_their_image() -> None:
    plain, captioned = contact_sheet(IMAGES), contact_sheet(IMAGES, ["a caption far too long for it", *"bcde"])
    assert len(captioned) > len(plain)
    np.testing.assert_array_equal(captioned[:36], plain[:36])
    assert (captioned[36:, 36:40] == 255).all()
    assert (captioned[36:, :36] < 255).any()
