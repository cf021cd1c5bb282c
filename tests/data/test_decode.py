import io
import struct
import subprocess
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data import decode as module
from hemascope.data.decode import decode, decode_array
from hemascope.errors import DecodeError
from tests.data.pictures import encoded, noise

GREY = np.array([[0, 100, 255], [1, 2, 3]], np.uint8)


def grey_rgb(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[..., None], 3, axis=2)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_rgb_comes_back_as_it_was(kind: str) -> None:
    image = noise(0, 5, 7)
    result = decode(encoded(image, kind))
    assert result.dtype == np.uint8
    assert result.flags.writeable
    np.testing.assert_array_equal(result, image)


def test_jpeg_equals_pillow() -> None:
    data = encoded(noise(1, 40, 30), "JPEG")
    np.testing.assert_array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP", "BMP", "GIF"])
def test_grey(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    result = decode(encoded(np.full((9, 9), 77, np.uint8), kind, **options))
    np.testing.assert_array_equal(result, np.full((9, 9, 3), 77))


def test_one_bit() -> None:
    bits = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(bits))), grey_rgb(bits.astype(np.uint8) * 255))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bit_is_scaled_by_its_range(kind: str) -> None:
    result = decode(encoded(GREY.astype(np.uint16) * 257, kind))
    np.testing.assert_array_equal(result, grey_rgb(GREY))


def test_16_bit_rgb_png() -> None:
    high = noise(2, 4, 5)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in high.astype(np.uint16) * 257)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 5, 4, 16, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(decode(png), high)


def test_float_tiff_from_0_to_1_and_out_of_range() -> None:
    values = np.array([[0, 0.5, 1]], np.float32)
    np.testing.assert_array_equal(decode(encoded(values, "TIFF"))[0, :, 0], [0, 128, 255])
    with pytest.raises(DecodeError, match=r"cell\.tif: grey values run from -1"):
        decode(encoded(values - 1, "TIFF"), name="cell.tif")


def test_cmyk() -> None:
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # magenta and yellow print red
    assert decode(encoded(ink, "TIFF"))[0, 0].tolist() == [255, 0, 0]
    red, green, blue = decode(encoded(ink, "JPEG", quality=100))[4, 4].astype(int)
    assert red > 240
    assert max(green, blue) < 15


def test_alpha_is_laid_over_white() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 0] = 200
    rgba[0, :, 3] = [255, 0, 128]
    expected = [[200, 0, 0], [255, 255, 255], [227, 127, 127]]
    np.testing.assert_allclose(decode(encoded(rgba))[0].astype(int), expected, atol=1)
    grey_alpha = Image.merge("LA", [Image.new("L", (1, 1), 10), Image.new("L", (1, 1), 0)])
    assert decode(encoded(grey_alpha))[0, 0].tolist() == [255, 255, 255]


def test_palette_with_and_without_transparency() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([9, 8, 7, 1, 2, 3])
    palette.putpixel((1, 0), 1)
    assert decode(encoded(palette)).tolist() == [[[9, 8, 7], [1, 2, 3]]]
    assert decode(encoded(palette, transparency=0)).tolist() == [[[255, 255, 255], [1, 2, 3]]]
    assert decode(encoded(palette, transparency=b"\x00\xff")).tolist() == [[[255, 255, 255], [1, 2, 3]]]
    assert decode(encoded(Image.new("RGB", (1, 1), (5, 5, 5)), transparency=(5, 5, 5)))[0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_the_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert decode(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind: str, orientation: int) -> None:
    image = noise(3, 4, 6)
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.swapaxes(0, 1),
        6: np.rot90(image, -1),
        7: image[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(image),
    }
    np.testing.assert_array_equal(decode(encoded(image, kind, exif=exif)), turned[orientation])


def test_exif_orientation_of_a_jpeg() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(noise(3, 16, 32), "JPEG", exif=exif)).shape == (32, 16, 3)


def test_damaged_exif_neither_warns_nor_fails() -> None:
    data = encoded(np.full((8, 8, 3), 50, np.uint8), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    assert decode(data).shape == (8, 8, 3)


@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw"])
def test_a_cut_off_tiff_neither_warns_nor_speaks_of_buffers(compression: str) -> None:
    data = encoded(np.full((8, 8, 3), 200, np.uint8), "TIFF", compression=compression)[:-3]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(DecodeError, match=r"cut off or damaged|decoder error"):
            decode(data)
    assert told == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.1, 0.5, 0.9])
def test_truncated_files_are_refused_by_name(kind: str, part: float) -> None:
    data = encoded(noise(4, 64, 64), kind)
    with pytest.raises(DecodeError, match=r"^cut\.img: "):
        decode(data[: int(part * len(data))], name="cut.img")


def test_every_single_byte_damage_is_read_or_refused() -> None:
    data = bytearray(encoded(noise(5, 16, 16), "JPEG"))
    refused = 0
    for position in range(len(data)):
        damaged = bytes([*data[:position], data[position] ^ 0xFF, *data[position + 1 :]])
        try:
            assert decode(damaged).ndim == 3
        except DecodeError:
            refused += 1
    assert 0 < refused < len(data)


def test_what_is_no_picture(tmp_path: Path) -> None:
    text = tmp_path / "note.jpg"
    text.write_text("not a picture")
    with pytest.raises(DecodeError, match=r"note\.jpg: not a picture of a known format"):
        decode(text)
    with pytest.raises(DecodeError, match=r"gone\.jpg: No such file"):
        decode(tmp_path / "gone.jpg")
    with pytest.raises(DecodeError, match="Is a directory"):
        decode(str(tmp_path))
    with pytest.raises(DecodeError, match=r"empty\.png: the file is empty"):
        decode(b"", name="empty.png")
    with pytest.raises(DecodeError, match="not a picture"):
        decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")  # would be handed to Ghostscript


@pytest.mark.parametrize("side", [10_010, 14_000, 40_000])
def test_decompression_bombs_are_refused_unopened(side: int) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = b"IHDR" + header
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    png += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    with pytest.raises(DecodeError, match=r"bomb\.png: .*pixels"):
        decode(png, name="bomb.png")


def test_just_under_the_limit_is_read_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # so that Pillow itself would warn from 101 to 200
    assert decode(encoded(noise(6, 12, 12))).shape == (12, 12, 3)
    monkeypatch.setattr(module, "MAX_PIXELS", 143)
    with pytest.raises(DecodeError, match="12 x 12 pixels are more than 143"):
        decode(encoded(noise(6, 12, 12)))


def test_many_threads_agree_with_one() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    files = [encoded(noise(i, 24, 24), kind, exif=exif) for i in range(40) for kind in ("JPEG", "PNG", "TIFF")]
    alone = [decode(data) for data in files]
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(alone, pool.map(decode, files), strict=True):
            np.testing.assert_array_equal(one, other)


def test_arrays_become_rgb() -> None:
    for shape in ((2, 3), (2, 3, 1)):
        np.testing.assert_array_equal(decode_array(GREY.reshape(shape)), grey_rgb(GREY))
    image = noise(7, 2, 3)
    np.testing.assert_array_equal(decode_array(image), image)
    clear = np.concatenate([image, np.zeros((2, 3, 1), np.uint8)], axis=2)
    assert (decode_array(clear) == 255).all()


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((2, 2, 3), np.float32), "float32, not uint8"),
        (np.zeros((2, 2, 3), np.uint16), "uint16, not uint8"),
        (np.zeros((2, 2, 2), np.uint8), r"shape \(2, 2, 2\)"),
        (np.zeros(4, np.uint8), r"shape \(4,\)"),
        (np.zeros((0, 2, 3), np.uint8), r"shape \(0, 2, 3\)"),
    ],
)
def test_other_arrays_are_refused_with_the_reason(array: np.ndarray, reason: str) -> None:
    with pytest.raises(DecodeError, match=f"a#1: .*{reason}"):
        decode_array(array, "a#1")


def test_decode_and_framing_need_no_pandas() -> None:
    code = "import sys, hemascope.data.decode, hemascope.data.framing; print({'pandas', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_real_image(pbc: Path) -> None:
    assert decode(next((pbc / "val" / "basophil").iterdir())).shape == (208, 208, 3)
