import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from hemascope.errors import DecodeError
from hemascope.fields.slides.slide import Slide
from hemascope.fields.slides.tiff import TiffReader, parts
from tests.fields.slides.made import APERIO, write_pyramid

MOST = 25_000_000


@pytest.fixture(scope="module")
def slide():
    return np.random.default_rng(0).integers(0, 256, (700, 900, 3), np.uint8)


def opened(path, most=MOST):
    found = parts(str(path))
    return Slide(str(path), lambda: TiffReader(str(path), found[0], most))


@pytest.mark.parametrize("subifds", [False, True])
def test_a_part_of_a_level_is_as_written(tmp_path, slide, subifds):
    path = write_pyramid(tmp_path / "a.tif", slide, subifds=subifds, resolution=(1e5, 1e5), resolutionunit=3)
    found = opened(path)
    assert [level[:2] for level in found.levels] == [(900, 700), (225, 175), (57, 44)]
    assert found.levels[1].downsample == 4
    assert found.micrometres == pytest.approx(0.1)
    assert np.array_equal(found.region(0, 200, 250, 400, 300), slide[250:550, 200:600])
    assert np.array_equal(found.region(1, 100, 20, 125, 155), slide[::4, ::4][20:175, 100:225])
    found.close()
    assert np.array_equal(found.region(0, 899, 699, 1, 1), slide[699:, 899:])
    found.close()


@pytest.mark.parametrize(
    "options",
    [
        {"photometric": "rgb"},
        {"photometric": "rgb", "compression": "lzw", "rowsperstrip": 7},
        {"photometric": "rgb", "planarconfig": "separate", "tile": (64, 64), "compression": "deflate"},
        {"photometric": "rgb", "planarconfig": "separate", "compression": "deflate", "rowsperstrip": 50},
        {"photometric": "rgb", "tile": (64, 64), "bigtiff": True, "byteorder": ">"},
    ],
)
def test_strips_planes_and_plain_pixels(tmp_path, slide, options):
    planes = options.get("planarconfig") == "separate"
    tifffile.imwrite(tmp_path / "a.tif", np.moveaxis(slide, -1, 0) if planes else slide, metadata=None, **options)
    found = opened(tmp_path / "a.tif")
    assert np.array_equal(found.region(0, 33, 44, 500, 600), slide[44:644, 33:533])
    found.close()


def test_numbers_of_other_kinds(tmp_path, slide):
    grey = slide[..., 0]
    for values, photometric, wanted in (
        (grey, "minisblack", grey),
        (grey, "miniswhite", 255 - grey),
        (grey.astype(np.uint16) * 257, "minisblack", grey),
    ):
        tifffile.imwrite(tmp_path / "a.tif", values, photometric=photometric, tile=(64, 64))
        found = opened(tmp_path / "a.tif")
        assert np.array_equal(found.region(0, 1, 2, 300, 200), np.repeat(wanted[2:202, 1:301, None], 3, axis=2))
        found.close()


@pytest.mark.parametrize(
    ("about", "micrometres"),
    [
        ({"description": APERIO.format(w=900, h=700)}, 0.144),
        ({"resolution": (72, 72), "resolutionunit": 2}, None),
        ({"resolution": (254_000, 254_000), "resolutionunit": 2}, 0.1),
        ({"metadata": {"axes": "YXS", "PhysicalSizeX": 250, "PhysicalSizeXUnit": "nm"}, "ome": True}, 0.25),
        ({"imagej": True, "resolution": (5, 5), "metadata": {"unit": "um"}}, 0.2),
        ({}, None),
    ],
)
def test_the_size_of_a_pixel(tmp_path, slide, about, micrometres):
    tifffile.imwrite(tmp_path / "a.tif", slide, photometric="rgb", **about)
    found = opened(tmp_path / "a.tif")
    assert found.micrometres == (None if micrometres is None else pytest.approx(micrometres))
    found.close()


def test_pages_are_parts_and_stacks_of_channels_none(tmp_path, slide):
    pages = [Image.fromarray(slide[: 300 + 7 * i]) for i in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert [(one.page, one.pixels) for one in parts(str(tmp_path / "a.tif"))] == [
        (0, 270_000), (1, 276_300), (2, 282_600),
    ]  # fmt: skip
    tifffile.imwrite(tmp_path / "b.tif", np.moveaxis(slide, -1, 0), imagej=True, metadata={"axes": "CYX"})
    assert parts(str(tmp_path / "b.tif")) is None


def test_what_is_truncated_or_too_large_to_unpack_is_refused(tmp_path, slide):
    path = write_pyramid(tmp_path / "a.tif", slide)
    with pytest.raises(DecodeError, match=r"a\.tif: its tiles or strips are of 256 x 256 pixels, more than 1,000"):
        opened(path, most=1000)
    tifffile.imwrite(path, slide, photometric="rgb", tile=(64, 64))
    path.write_bytes(path.read_bytes()[:-20_000])
    with pytest.raises(DecodeError, match=r"a\.tif: truncated: \d+ of its 165 tiles or strips"):
        opened(path)


def test_a_damaged_tile_is_an_error_that_names_the_file(tmp_path, slide):
    path = write_pyramid(tmp_path / "a.tif", slide)
    with tifffile.TiffFile(path) as file:
        at = file.pages[0].dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[at : at + 500] = b"x" * 500
    path.write_bytes(content)
    found = opened(path)
    with pytest.raises(DecodeError, match=r"a\.tif: a slide that is damaged"):
        found.region(0, 0, 0, 10, 10)
    assert np.array_equal(found.region(0, 300, 300, 10, 10), slide[300:310, 300:310])
    found.close()


def test_pages_that_go_round_in_a_circle_are_refused(tmp_path, slide):
    for options in ({}, {"bigtiff": True}, {"byteorder": ">"}):
        path = tmp_path / "a.tif"
        with tifffile.TiffWriter(path, **options) as file:
            for _ in range(2):
                file.write(slide[:16, :16], photometric="rgb", metadata=None)
        with tifffile.TiffFile(path) as file:
            last, form = file.pages[1].offset, file.tiff
            (tags,) = struct.unpack(form.tagnoformat, path.read_bytes()[last:][: form.tagnosize])
            at = last + form.tagnosize + tags * form.tagsize
            first = struct.pack(form.offsetformat, file.pages[0].offset)
        assert len(parts(str(path))) == 2
        path.write_bytes(path.read_bytes()[:at] + first + path.read_bytes()[at + len(first) :])
        with pytest.raises(DecodeError, match="its pages go round in a circle"):
            parts(str(path))


def test_pixels_of_no_known_kind_are_refused_in_words(tmp_path, slide):
    tifffile.imwrite(tmp_path / "a.tif", slide[:64, :64], photometric="rgb", tile=(64, 64), metadata=None)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages[0].tags["PhotometricInterpretation"].overwrite(77)
    with pytest.raises(DecodeError, match=r"a\.tif: a TIFF of 3 channels of 8 bits \(77\) is not read"):
        opened(tmp_path / "a.tif")
