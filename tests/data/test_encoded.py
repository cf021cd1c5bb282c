"""Files made to cost much: each is read or refused in little time, whatever it announces."""

import io
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from hemascope.data.decode import announced_pixels, decode
from hemascope.data.encoded import FORMATS, encoded
from hemascope.errors import DecodeError
from tests.data.pictures import encoded as picture
from tests.data.pictures import noise

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side: int, *chunks: bytes, rows: int | None = None) -> bytes:
    pixels = chunk(b"IDAT", zlib.compress(bytes((side * 3 + 1) * (side if rows is None else rows)), 1))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return SIGNATURE + header + b"".join(chunks) + pixels + chunk(b"IEND")


def scans(number: int, side: int) -> bytes:
    data = picture(Image.new("RGB", (side, side)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * number + b"\xff\xd9"


def overlapping_exif() -> bytes:
    entries = [struct.pack("<HHII", tag, 1, 600_000, 100) for tag in range(1, 900)]
    directory = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + b"".join(entries) + bytes(600_000)
    data = picture(noise(0, 16, 16), "JPEG")
    parts = (b"Exif\0\0" + directory[at : at + 60_000] for at in range(0, len(directory), 60_000))
    return data[:2] + b"".join(b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts) + data[2:]


def run_length_bmp(side: int) -> bytes:
    pixels = b"\xff\0" * (side * side // 255 + 1) + b"\0\1"
    start = 54 + 1024
    head = struct.pack("<IHHI", start + len(pixels), 0, 0, start)
    return (
        b"BM"
        + head
        + struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(pixels), 0, 0, 256, 0)
        + bytes(1024)
        + pixels
    )


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a PNG of 169 megapixels": (lambda: png(13_000, rows=50), "13000 x 13000 pixels are more than"),
    "a WebP of 256 megapixels": (
        lambda: b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(8),
        "16384 x 16384 pixels are more than",
    ),
    "a JPEG that goes over its pixels for ever": (lambda: scans(3000, 2000), "a JPEG that goes 3,0.. times over"),
    "a JPEG of 2 million parts": (lambda: b"\xff\xd8" + b"\xff\xe1\0\2" * 2_000_000, "made of more than"),
    "a PNG of a million parts": (lambda: png(4, chunk(b"abCd") * 1_000_000), "made of more than"),
    "a PPM with a long comment": (lambda: b"P6\n#" + b"x" * 5_000_000 + b"\n2 2\n255\n" + bytes(12), "does not end"),
    "a PPM that Pillow reads in Python": (
        lambda: b"P6\n1000 1000\n254\n" + bytes(3_000_000), "1000 x 1000 pixels in a seldom kind of PPM"
    ),
    "a PPM in text": (lambda: b"P3\n1000 1000\n255\n" + b"0 " * 3_000_000, "seldom kind of PPM"),
    "a BMP in run lengths": (lambda: run_length_bmp(4400), "seldom kind of BMP"),
    "a GIF with a long comment": (
        lambda: b"GIF89a\5\0\5\0\0\0\0!\xfe" + (b"\xff" + b"x" * 255) * 50_000, "does not end"
    ),
}  # fmt: skip


@pytest.fixture
def soon() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < 2


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.usefixtures("soon")
def test_hostile_files_are_refused_soon(name: str) -> None:
    make, reason = HOSTILE[name]
    with pytest.raises(DecodeError, match=reason):
        decode(make())


@pytest.mark.usefixtures("soon")
def test_profiles_texts_and_overlapping_exif_are_not_unpacked() -> None:
    bomb = zlib.compress(bytes(1 << 20))
    profiles = chunk(b"iCCP", b"x\0\0" + bomb) * 500
    texts = chunk(b"zTXt", b"x\0\0" + bomb) * 500
    assert decode(png(4, profiles, texts)).shape == (4, 4, 3)
    assert announced_pixels(png(4, profiles, texts)) == 16
    assert decode(overlapping_exif()).shape == (16, 16, 3)


def test_a_large_picture_keeps_no_small_one_waiting() -> None:
    large = png(3000)
    small = picture(noise(1, 16, 16), "JPEG")
    decode(small)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(decode, large)
        while not working.running():
            pass
        done = 0
        while not working.done():
            decode(small)
            done += 1
    assert done > 20


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_cut_away_changes_no_pixel(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    image = Image.fromarray(noise(2, 24, 32)).quantize(16) if kind == "GIF" else Image.fromarray(noise(2, 24, 32))
    options = {"exif": exif, "icc_profile": bytes(2000)} if kind in ("JPEG", "PNG", "TIFF", "WEBP") else {}
    data = picture(image, kind, **options)
    np.testing.assert_array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert encoded(data).kind == kind
    assert len(encoded(data).data) < len(data) or kind not in ("JPEG", "PNG")


@pytest.mark.parametrize(("kind", "name"), [("JPEG2000", "jpeg2000"), ("AVIF", "avif")])
def test_formats_on_request(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture(noise(3, 32, 32), kind)
    with pytest.raises(
        DecodeError, match=f"cell: {kind} is not read unless the environment variable HEMASCOPE_FORMATS"
    ):
        decode(data, name="cell")
    assert announced_pixels(data) == 0
    monkeypatch.setenv("HEMASCOPE_FORMATS", f"PPM, {name}")
    assert decode(data).shape == (32, 32, 3)


@pytest.mark.parametrize("frames", [1, 2])
def test_sizes_before_pillow(frames: int) -> None:
    for options in ({"lossless": True}, {"lossless": False}, {"exif": b"Exif\0\0"}):
        images = [Image.fromarray(noise(seed, 20, 30)) for seed in range(frames)]
        data = picture(images[0], "WEBP", save_all=frames > 1, append_images=images[1:], **options)
        assert encoded(data).size == (30, 20)
        assert encoded(data).frames == (frames > 1)


def test_the_orientation_in_a_webp() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = noise(4, 4, 6)
    np.testing.assert_array_equal(decode(picture(image, "WEBP", lossless=True, exif=exif)), np.rot90(image, -1))
