import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile

from hemascope.data.decode import announced_pixels, decode
from hemascope.data.left_out import left_out
from hemascope.errors import DecodeError
from tests.data.pictures import noise

RGB = noise(0, 40, 48)
GREY = np.repeat(RGB[..., :1], 3, axis=2)
CHANNELS = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))


def written(array: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def numbers(image: np.ndarray, kind: str) -> np.ndarray:
    """Pixels of 8 bits as numbers that mean the same in another kind."""
    wide = image.astype(np.int64)
    return {
        "u1": wide,
        "u2": wide * 257,
        "i1": wide - 128,
        "i2": wide * 257 - 32768,
        "f4": image / np.float32(255),
    }[kind].astype(kind)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["u1", "u2", "i1", "i2"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_rgb_of_every_layout(kind: str, planes: str, order: Any, tile: Any, compression: str | None) -> None:
    array = numbers(RGB if planes == "contig" else CHANNELS, kind)
    data = written(array, photometric="rgb", planarconfig=planes, byteorder=order, tile=tile, compression=compression)
    np.testing.assert_allclose(decode(data).astype(int), RGB, atol=1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["u1", "u2", "i1", "i2", "f4"])
@pytest.mark.parametrize("white", [False, True])
def test_grey_of_every_layout(kind: str, white: bool, order: Any, big: bool, compression: str | None) -> None:
    array = numbers(255 - GREY[..., 0] if white else GREY[..., 0], kind)
    photometric = "miniswhite" if white else "minisblack"
    data = written(array, photometric=photometric, byteorder=order, bigtiff=big, compression=compression)
    if kind == "f4" and order == ">" and compression:  # Pillow swaps no bytes here
        with pytest.raises(DecodeError, match="float numbers of 32 bits is not read"):
            decode(data)
    else:
        np.testing.assert_allclose(decode(data).astype(int), GREY, atol=1)
    assert announced_pixels(data) == 40 * 48


def test_float_planes_share_one_range() -> None:
    np.testing.assert_allclose(
        decode(written(numbers(CHANNELS, "f4"), photometric="rgb", planarconfig="separate")).astype(int), RGB, atol=1
    )
    bright = np.stack([np.full((4, 4), value, np.float32) for value in (0.5, 1, 255)])
    image = decode(written(bright, photometric="rgb", planarconfig="separate"))
    assert image[0, 0].tolist() == [0, 1, 255]


@pytest.mark.parametrize(
    ("array", "options", "reason"),
    [
        (numbers(RGB, "f4"), {"photometric": "rgb"}, "3 channels in float numbers of 32 bits"),
        (GREY[..., 0] / 255, {}, "1 channel in float numbers of 64 bits"),
        (np.zeros((4, 4, 3), np.uint32), {"photometric": "rgb"}, "3 channels in numbers of 32 bits"),
        (np.full((4, 4), 100, np.int16), {}, "none is negative, so that their range is not known"),
        (np.full((4, 4), 100_000, np.int32), {}, "run from 100000 to 100000, not from 0 to 65535"),
        (np.zeros((4, 4), np.uint8), {"compression": "ccittrle"}, "compression 2; read are none, LZW"),
    ],
)
def test_what_cannot_be_read_right_is_refused(array: np.ndarray, options: dict[str, Any], reason: str) -> None:
    if compression := options.pop("compression", None):
        data = bytearray(written(array))
        at = data.index(struct.pack("<HHI", 259, 3, 1)) + 8
        data[at : at + 2] = struct.pack("<H", {"ccittrle": 2}[compression])
    else:
        data = bytearray(written(array, **options))
    with pytest.raises(DecodeError, match=rf"a\.tif: .*{reason}"):
        decode(bytes(data), name="a.tif")


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("form", ["imagej", "ome"])
def test_stacks_of_three_channels(kind: str, form: str) -> None:
    data = written(numbers(CHANNELS, kind), photometric="minisblack", metadata={"axes": "CYX"}, **{form: True})
    with left_out() as found:
        np.testing.assert_array_equal(decode(data), RGB)
    assert found == ["its three channels are read as red, green and blue"]


@pytest.mark.parametrize(("axes", "shape"), [("CYX", (2, 8, 8)), ("CYX", (4, 8, 8)), ("ZCYX", (5, 3, 8, 8))])
@pytest.mark.parametrize("form", ["imagej", "ome"])
def test_other_stacks_of_channels_are_refused(axes: str, shape: tuple[int, ...], form: str) -> None:
    data = written(np.zeros(shape, np.uint8), photometric="minisblack", metadata={"axes": axes}, **{form: True})
    with pytest.raises(DecodeError, match=rf"a stack of {shape[-3]} channels"):
        decode(data)


@pytest.mark.parametrize("form", ["imagej", "ome", "shaped"])
def test_of_pages_without_channels_the_first_is_read_and_it_is_said(form: str) -> None:
    stack = np.stack([np.full((6, 6), value, np.uint8) for value in (7, 8, 9)])
    options = {"metadata": {"axes": "ZYX"}} | ({} if form == "shaped" else {form: True})
    with left_out() as found:
        assert (decode(written(stack, photometric="minisblack", **options)) == 7).all()
    assert found == ["its first page is read, the others are left out"]


def test_a_fourth_channel_that_is_not_said_to_be_alpha_is_left_out() -> None:
    data = written(np.dstack([RGB, RGB[..., 0]]), photometric="rgb", extrasamples=["unspecified"])
    with left_out() as found:
        np.testing.assert_array_equal(decode(data), RGB)
    assert found == ["1 channel is left out"]


def directory(*entries: tuple[int, int, int, int], after: int = 0) -> bytes:
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + packed + struct.pack("<I", after)


SQUARE = [(256, 4, 1, 10), (257, 4, 1, 10), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (directory(*SQUARE, (322, 4, 1, 40_000), (323, 4, 1, 40_000), (324, 4, 1, 9)), "its tiles are of more than"),
        (directory(*((40_000 + i, 1, 900_000, 100) for i in range(20_000))) + bytes(10**6), "20,000 entries"),
        (directory(*SQUARE, (273, 4, 200_000, 100)) + bytes(10**6), "200,000 values of tag 273"),
        (directory((256, 4, 1, 70_000), (257, 4, 1, 70_000)), "70000 x 70000 pixels are more than"),
        (directory(*SQUARE)[:40], "cut off or damaged"),
        (struct.pack("<2sHHHQ", b"II", 43, 8, 0, 2**64 - 1), "cut off or damaged"),
    ],
)
def test_hostile_directories_cost_nothing(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode(data)


def test_pages_in_a_circle_end() -> None:
    data = written(np.zeros((3, 8, 8), np.uint8), photometric="minisblack", imagej=True, metadata={"axes": "CYX"})
    (first,) = struct.unpack_from("<I", data, 4)
    (number,) = struct.unpack_from("<H", data, first)
    circle = bytearray(data)
    struct.pack_into("<I", circle, first + 2 + 12 * number, first)
    assert decode(bytes(circle)).shape == (8, 8, 3)


def test_libtiff_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(written(noise(1, 64, 64), photometric="rgb", compression="zlib"))
    data[data.index(b"\x78") + 40 :][:200] = bytes(200)
    for place in range(200, len(data) - 300, 500):
        data[place : place + 50] = bytes(50)
    with pytest.raises(DecodeError):
        decode(bytes(data))
    assert capfd.readouterr() == ("", "")
