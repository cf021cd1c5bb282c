import numpy as np

from hemascope.report.contact_sheet import contact_sheet

IMAGES = np.stack([np.full((32, 32, 3), 10 * k, np.uint8) for k in range(1, 6)])


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
