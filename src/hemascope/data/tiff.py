"""The directory of a TIFF, read within bounds, and rewritten so that Pillow reads the pixels as they are meant.

Pillow gets some layouts wrong without a word: planes of 16 bits, white that is zero beyond 8 bits, signed numbers. Each
of them is another layout with other numbers: a plane is a grey picture, so it is given a directory of its own.
"""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hemascope.errors import DecodeError

ORIENTATION = 274
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _DESCRIPTION = 256, 257, 258, 259, 262, 270
_OFFSETS, _SAMPLES, _COUNTS, _PLANAR = 273, 277, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _FORMAT = 322, 323, 324, 325, 338, 339

# What pixels need: beside those above, fill order, rows a strip, predictor, palette, tables and colours of JPEG.
_KEPT = {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, 266, _OFFSETS, _SAMPLES, 278, _COUNTS, _PLANAR, 317,
         320, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _EXTRA, _FORMAT, 347,
         529, 530, 531, 532}  # fmt: skip
_COMPRESSIONS = {1: "none", 5: "LZW", 7: "JPEG", 8: "deflate", 32773: "PackBits", 32946: "deflate", 50000: "Zstandard"}
_TYPES = {1: "B", 2: "c", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_SIZES = {5: 8, 10: 8, 11: 4, 12: 8} | {kind: struct.calcsize(code) for kind, code in _TYPES.items()}
_REMEDY = "Save it with 8 bits, or as PNG."
_LONG = (16, 17, 18)  # numbers of 64 bits, of a BigTIFF
_ENTRIES = 1000
_STRIPS = 100_000
_TEXT = 1 << 20
_SIGNED, _FLOAT = 2, 3


@dataclass(frozen=True)
class Page:
    """The directory of one page.

    Attributes:
        data: the whole file.
        order: "<" or ">".
        big: whether it is a BigTIFF.
        entries: tag -> type, count, and where the values lie.
        next: whether there is another page.
        after: where its directory lies.
    """

    data: bytes
    order: str
    big: bool
    entries: Mapping[int, tuple[int, int, int]]
    after: int

    @property
    def next(self) -> bool:
        """Whether there is another page."""
        return self.after != 0

    @property
    def width(self) -> int:
        """Pixels a row."""
        return self.number(_WIDTH, 0)

    @property
    def height(self) -> int:
        """Rows."""
        return self.number(_HEIGHT, 0)

    @property
    def bits(self) -> int:
        """Of each number that run from zero; those of 32 bits hold 16."""
        return min(self.number(_BITS, 1), 16)

    def numbers(self, tag: int, *default: int) -> tuple[int, ...]:
        """The values of a tag of whole numbers."""
        kind, count, place = self.entries.get(tag, (0, 0, 0))
        if kind not in _TYPES or kind == 2 or not count:
            return default
        return struct.unpack_from(f"{self.order}{count}{_TYPES[kind]}", self.data, place)

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        return self.numbers(tag, default)[0]

    def text(self) -> str:
        """The description."""
        _, count, place = self.entries.get(_DESCRIPTION, (2, 0, 0))
        return self.data[place : place + min(count, _TEXT)].decode("utf-8", "replace")


def first_page(data: bytes) -> Page:
    """The first directory of a file.

    Raises:
        DecodeError: it is too large to be one.
        struct.error: it is damaged.
    """
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    return _page(data, order, big, *struct.unpack_from(f"{order}{'8xQ' if big else '4xI'}", data))


def pages(page: Page) -> Iterator[Page]:
    """A page and those after it; the caller takes as many as it wants, since they may go in a circle."""
    yield page
    while page.next:
        page = _page(page.data, page.order, page.big, page.after)
        yield page


def orientation(data: bytes) -> int:
    """How a picture is to be turned, 1 .. 8, by its EXIF data, which are a TIFF; 1 where they are damaged.

    >>> orientation(b"II*\\0" + struct.pack("<IHHHIII", 8, 1, 274, 3, 1, 6, 0)), orientation(b"")
    (6, 1)
    """
    try:
        return first_page(data).number(ORIENTATION, 1)
    except (struct.error, OverflowError, DecodeError):
        return 1


def _page(data: bytes, order: str, big: bool, place: int) -> Page:
    head, entry, inside = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    (number,) = struct.unpack_from(order + head, data, place)
    if number > _ENTRIES:
        raise DecodeError(f"a TIFF with {number:,} entries in its directory")
    place += struct.calcsize("=" + head)
    entries: dict[int, tuple[int, int, int]] = {}
    for _ in range(number):
        tag, kind, count = struct.unpack_from(order + entry, data, place)
        value = place + struct.calcsize("=" + entry)
        if count * _SIZES.get(kind, 1) > inside:
            (value,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, value)
        if tag in _KEPT and count > (_STRIPS if tag in (_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS) else 1 << 18):
            raise DecodeError(f"a TIFF with {count:,} values of tag {tag}")
        if kind not in _SIZES or count > len(data):
            count = 0
        entries.setdefault(tag, (kind, count, value))
        place = place + struct.calcsize("=" + entry) + inside
    (after,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, place) if place + inside <= len(data) else (0,)
    return Page(data, order, big, entries, after)


@dataclass(frozen=True)
class Layout:
    """How the pixels of a TIFF are read by Pillow, and what is to be done to them afterwards.

    Attributes:
        files: one file that Pillow reads right, or three of one channel each.
        signed: whether the numbers have a sign, which Pillow does not see.
        inverted: whether white is zero, which Pillow does not see.
        left_out: what is not read; "" where all is.
    """

    files: tuple[bytes, ...]
    signed: bool = False
    inverted: bool = False
    left_out: str = ""


def layout(page: Page, max_pixels: int) -> Layout:
    """Rewrite a TIFF for Pillow.

    Raises:
        DecodeError: of a kind that cannot be read right; its tiles are larger than ``max_pixels``.
    """
    compression = page.number(_COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        known = ", ".join(dict.fromkeys(_COMPRESSIONS.values()))
        raise DecodeError(f"a TIFF of compression {compression}; read are {known}")
    if page.number(_TILE_WIDTH, 0) * page.number(_TILE_HEIGHT, 0) > max_pixels:
        raise DecodeError(f"its tiles are of more than {max_pixels:,} pixels")
    channels, left_out = _stack(page)
    if channels:
        each = [_one(each, max_pixels) for each in channels]
        return Layout(tuple(file for one in each for file in one.files), each[0].signed, each[0].inverted, left_out)
    one = _one(page, max_pixels)
    return Layout(one.files, one.signed, one.inverted, left_out or one.left_out)


def _one(page: Page, max_pixels: int) -> Layout:
    samples, planar = page.number(_SAMPLES, 1), page.number(_PLANAR, 1) == 2
    bits, kinds = set(page.numbers(_BITS, 1)), set(page.numbers(_FORMAT, 1))
    photometric = page.number(_PHOTOMETRIC, 1)
    if len(bits) > 1 or len(kinds) > 1 or not kinds <= {1, _SIGNED, _FLOAT}:
        raise DecodeError("a TIFF whose channels are of several kinds of numbers")
    (depth,), (kind,) = bits, kinds
    numbers = {_SIGNED: "signed numbers", _FLOAT: "float numbers"}.get(kind, "numbers")
    words = f"a TIFF of {samples} channel{'s' * (samples > 1)} in {numbers} of {depth} bits"
    extra = page.numbers(_EXTRA)
    left_out = f"{_channels(extra.count(0))} left out" if photometric in (0, 1, 2) and 0 in extra else ""
    changes: dict[int, tuple[int, Sequence[int]]] = {}
    inverted = photometric == 0 and (depth > 8 or kind == _SIGNED)
    if inverted:
        changes[_PHOTOMETRIC] = (3, [1])
    if kind == _SIGNED and depth in (8, 16):
        if photometric not in (0, 1, 2) or extra:
            raise DecodeError(f"{words} is not read", _REMEDY)
        changes[_FORMAT] = (3, [1] * samples)
    swapped = page.order == ">" and page.number(_COMPRESSION, 1) != 1
    together = samples > 1 and not planar
    if (kind == _FLOAT and (depth != 32 or swapped or together)) or (
        kind != _FLOAT and depth > 16 and (depth != 32 or page.order == ">" or together)
    ):
        raise DecodeError(f"{words} is not read", _REMEDY)
    if planar and samples > 1 and depth > 8:
        if photometric != 2 or samples != 3:
            raise DecodeError(f"{words} in planes is not read", _REMEDY)
        files = tuple(_plane(page, index, changes) for index in range(3))
        return Layout(files, kind == _SIGNED, inverted)
    return Layout((_rewritten(page, changes),), kind == _SIGNED and depth in (8, 16), inverted, left_out)


def _plane(page: Page, index: int, changes: Mapping[int, tuple[int, Sequence[int]]]) -> bytes:
    """One channel as a grey picture."""
    single = {_SAMPLES: (3, [1]), _PHOTOMETRIC: (3, [1]), _PLANAR: (3, [1]), _BITS: (3, page.numbers(_BITS, 1)[:1])}
    single[_FORMAT] = (3, changes.get(_FORMAT, (3, page.numbers(_FORMAT, 1)))[1][:1])
    for tag in (_OFFSETS, _COUNTS, _TILE_OFFSETS, _TILE_COUNTS):
        if tag in page.entries:
            values = page.numbers(tag)
            third = len(values) // 3
            single[tag] = (4, values[index * third : (index + 1) * third])
    return _rewritten(page, single)


def _stack(page: Page) -> tuple[list[Page], str]:
    """The channels of a stack of ImageJ or OME that are red, green and blue; and what is left out.

    Raises:
        DecodeError: it has channels of which that cannot be told.
    """
    first = "its first page is read, the others are left out" if page.next else ""
    text = page.text() if page.number(_SAMPLES, 1) == 1 else ""
    if text.startswith("ImageJ="):
        sizes = {
            name: int(number)
            for name, number in re.findall(r"^(channels|slices|frames)=(\d{1,9})\s*$", text, re.MULTILINE)
        }
        channels, others = sizes.get("channels", 1), max(sizes.get("slices", 1), sizes.get("frames", 1))
    elif "<OME" in text:
        found = {name: int(number) for name, number in re.findall(r'\bSize([CZT])="(\d{1,9})"', text)}
        channels, others = found.get("C", 1), max(found.get("Z", 1), found.get("T", 1))
    else:
        return [], first
    if channels == 1:
        return [], first
    found_pages = [one for one, _ in zip(pages(page), range(3), strict=False)]
    if channels != 3 or others > 1 or len(found_pages) < 3:
        raise DecodeError(f"a stack of {channels} channels and {others} planes is not a picture; save it as RGB")
    if any((one.width, one.height) != (page.width, page.height) for one in found_pages):
        raise DecodeError("a stack whose channels differ in size")
    return found_pages, "its three channels are read as red, green and blue"


def _rewritten(page: Page, changes: Mapping[int, tuple[int, Sequence[int]]]) -> bytes:
    """The file, never a BigTIFF, with one directory of what pixels need, in which some tags have other values."""
    order, data = page.order, page.data + b"\0" * (len(page.data) % 2)
    tags = sorted({*(tag for tag, (_, count, _) in page.entries.items() if tag in _KEPT and count), *changes})
    directory, values = [struct.pack(order + "H", len(tags))], b""
    after = len(data) + 2 + 12 * len(tags) + 4
    for tag in tags:
        kind, count, place = page.entries.get(tag, (0, 0, 0))
        if tag in changes or kind in _LONG:
            kind, numbers = changes.get(tag, (4, page.numbers(tag)))
            count, content = len(numbers), struct.pack(f"{order}{len(numbers)}{_TYPES[kind]}", *numbers)
        else:
            content = page.data[place : place + count * _SIZES[kind]]
        if len(content) > 4:
            content, values = struct.pack(order + "I", after + len(values)), values + content
        directory.append(struct.pack(order + "HHI", tag, kind, count) + content.ljust(4, b"\0"))
    start = struct.pack(order + "2sHI", data[:2], 42, len(data))
    return b"".join([start, data[len(start) :], *directory, bytes(4), values])


def _channels(number: int) -> str:
    return f"{number} channel{'s are' if number > 1 else ' is'}"
