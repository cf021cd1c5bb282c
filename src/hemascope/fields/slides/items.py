"""The fields of sources, slides among them: of those every window is a field, or every page."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hemascope.data.decode import limit
from hemascope.data.remote.url import is_url
from hemascope.errors import DecodeError
from hemascope.fields.slides.slide import REMEDY, SUFFIXES, TIFF_SUFFIXES, Reader, Slide
from hemascope.fields.slides.windows import Judge, Window, grid, suited, windows
from hemascope.predict import items as plain
from hemascope.predict.items import Item
from hemascope.predict.rows import printable
from hemascope.predict.source_files import files
from hemascope.progress import SILENT, Progress

_MOST_WINDOWS = 1_000_000
_WINDOW = re.compile(r"(.+#\d+|.+(?=#))[#,](\d+),(\d+)")


@dataclass(frozen=True, slots=True)
class WindowItem(Item):
    """A window of a slide.

    Attributes:
        core: the part that it answers for: left, top, right, bottom in its pixels.
    """

    core: tuple[int, int, int, int] = (0, 0, 0, 0)


@dataclass(frozen=True)
class Survey:
    """How much of a slide was read.

    Attributes:
        name: of the slide.
        windows: that it has.
        blank, thick: of them that were passed over.
        micrometres: for a pixel of the level that was read; None where the file does not say.
        downsample: pixels of the slide's largest level for one of that.
    """

    name: str
    windows: int
    blank: int
    thick: int
    micrometres: float | None
    downsample: float

    @property
    def read(self) -> int:
        """Windows that were read."""
        return self.windows - self.blank - self.thick

    @property
    def line(self) -> str:
        """In words.

        >>> Survey("a.svs", 1940, 1500, 128, 0.25, 1.0).line
        'a.svs: read 312 of 1,940 windows: 1,500 blank, 128 thick; 0.25 µm a pixel'
        """
        passed = [f"{number:,} {why}" for why, number in (("blank", self.blank), ("thick", self.thick)) if number]
        size = f"{self.micrometres:.3g} µm a pixel" if self.micrometres else "the size of a pixel is not known"
        read = f"{self.name}: read {self.read:,} of {self.windows:,} window{'s' * (self.windows != 1)}"
        return f"{read}{': ' * bool(passed)}{', '.join(passed)}; {size}"

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "name": printable(self.name),
            "windows": self.windows,
            "read": self.read,
            "blank": self.blank,
            "thick": self.thick,
            "micrometres": None if self.micrometres is None else round(self.micrometres, 6),
            "downsample": round(self.downsample, 6),
        }


class Surveys:
    """Says how much of each slide was read, and keeps it.

    Args:
        progress: told of it.
    """

    def __init__(self, progress: Progress = SILENT) -> None:
        self._progress = progress
        self._kept: list[Survey] = []

    def __call__(self, survey: Survey) -> None:
        """Take one."""
        self._kept.append(survey)
        self._progress.say(survey.line)

    @property
    def downsamples(self) -> dict[str, float]:
        """By the names of the slides, pixels of the largest level for one of that which was read."""
        return {printable(survey.name): survey.downsample for survey in self._kept}

    def as_dict(self) -> dict[str, Any]:
        """All of them for JSON, as ``slides``; nothing where there are none."""
        return {"slides": [survey.as_dict() for survey in self._kept]} if self._kept else {}


def field_items(
    sources: Sequence[str], told: Callable[[Survey], None] | None = None, say: Callable[[str], None] | None = None
) -> Iterator[Item]:
    """Every field of the sources in a fixed order, as `hemascope.predict.items.items`; nothing is held.

    A slide, which is a pyramid or has more pixels than a picture may, gives its windows as ``FILE#x,y`` (by rows; x and
    y are pixels of its largest level at the window's upper left corner), without blank and thick ones. A TIFF of
    several pages gives its pages as ``FILE#PAGE`` from 0, large ones as ``FILE#PAGE,x,y``.

    Args:
        sources: see `hemascope.data.kinds`; slides are files, in folders or by their own names.
        told: is handed how much of each slide was read, behind its windows.
        say: is told which slides elsewhere are copied.
    """
    yield from fields_of(plain.items(sources, also=SUFFIXES), told, say)


def placed(field: str) -> tuple[str, int, int] | None:
    """The slide of a window, and x and y of its upper left corner there, by its name; None of other fields.

    >>> placed("a.svs#1856,0"), placed("a.tif#3,1856,0"), placed("a.tif#3")
    (('a.svs', 1856, 0), ('a.tif#3', 1856, 0), None)
    """
    found = _WINDOW.fullmatch(field)
    return None if found is None else (found[1], int(found[2]), int(found[3]))


def fields_of(
    items: Iterable[Item], told: Callable[[Survey], None] | None = None, say: Callable[[str], None] | None = None
) -> Iterator[Item]:
    """The fields of images and slides; see `field_items`."""
    for item in items:
        picture = item.picture
        if not isinstance(picture, str | Path):
            yield item
        elif not is_url(picture) and _suffix(picture) in SUFFIXES | TIFF_SUFFIXES:
            yield from _of_file(item, picture, told or _nobody)
        elif is_url(picture) and _suffix(picture) in SUFFIXES:
            from hemascope.fields.slides.elsewhere import Copy

            try:
                yield from _of_file(item, Copy(item.path, say or _nobody), told or _nobody)
            except DecodeError as problem:
                yield Item(item.path, problem)
        else:
            yield item


def count_items(sources: Sequence[str]) -> int | None:
    """How many fields `field_items` will give; None where there are slides, of which only looking would tell."""
    total = plain.count(sources, also=SUFFIXES)
    if total is None:
        return None
    for source in sources:
        for found in files(source, SUFFIXES):
            if found.error or _suffix(found.path) not in SUFFIXES | TIFF_SUFFIXES:
                continue
            if is_url(found.path):
                if _suffix(found.path) in SUFFIXES:
                    return None
                continue
            try:
                slides = _slides(found.path)
            except DecodeError:
                continue
            if slides is None:
                continue
            for _, slide, windowed in slides:
                if isinstance(slide, Slide):
                    slide.close()
                if windowed:
                    return None
                total += 1
            total -= 1
    return total


def _suffix(path: str | os.PathLike[str]) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 (a Path takes ten times as long)


def _nobody(_: object) -> None:
    pass


def _of_file(item: Item, path: str | os.PathLike[str], told: Callable[[Survey], None]) -> Iterator[Item]:
    """The fields of a file that may be a slide."""
    try:
        slides = _slides(path)
        if slides is None:
            yield item
            return
        for member, slide, windowed in slides:
            name = f"{item.path}#{member}" if member else item.path
            if isinstance(slide, DecodeError):
                yield Item(name, slide)
                continue
            if windowed:
                yield from _windows(name, "," if member else "#", slide, told)
            else:
                level = slide.levels[0]
                yield Item(name, partial(slide.region, 0, 0, 0, level.width, level.height))
            slide.close()
    except DecodeError as problem:
        yield Item(item.path, problem)
    except MemoryError:
        yield Item(item.path, DecodeError(f"{item.path}: too large for this machine's memory"))


def _slides(path: str | os.PathLike[str]) -> Iterator[tuple[str, Slide | DecodeError, bool]] | None:
    """The slides or pages of a file: number of the page or "", what reads it or why nothing does, whether in windows.

    None for a file that is read as a picture.

    Raises:
        DecodeError: it is damaged, or nothing is installed that reads it.
    """
    from hemascope.fields.slides import vendor

    most, is_tiff = limit(), _suffix(path) in TIFF_SUFFIXES
    try:
        if not Path(path).is_file() or not Path(path).stat().st_size:
            return None  # what reads pictures says why there is none
        if vendor.is_vendors(path):
            _check_length(path, most)
            return iter([("", Slide(str(path), partial(vendor.VendorReader, path)), True)])
        from hemascope.fields.slides import tiff

        found = tiff.parts(path)
    except ModuleNotFoundError as problem:
        if is_tiff:
            return None
        raise DecodeError(f"{path}: a slide; {problem.name} is not installed", REMEDY) from problem
    except (DecodeError, MemoryError):
        raise
    except Exception as problem:  # tifffile raises almost anything on damaged files
        if is_tiff:
            return None  # what reads pictures says why
        told = str(problem) or type(problem).__name__
        raise DecodeError(f"{path}: a slide that is damaged, or of a kind that is not read ({told})") from problem
    if found is None or not found or (len(found) == 1 and found[0].levels == 1 and found[0].pixels <= most and is_tiff):
        return None

    def opened() -> Iterator[tuple[str, Slide | DecodeError, bool]]:
        for part in found:
            reader: Callable[[], Reader] = partial(tiff.TiffReader, path, part, most)
            windowed, member = part.levels > 1 or part.pixels > most, str(part.page) if len(found) > 1 else ""
            try:
                yield member, Slide(str(path), reader), windowed
            except DecodeError as problem:
                yield member, problem, False

    return opened()


def _check_length(path: str | os.PathLike[str], most: int) -> None:
    """Refuse a truncated TIFF before OpenSlide reads it, tile by tile, until it meets the end.

    Raises:
        DecodeError: it is truncated.
    """
    from hemascope.fields.slides import tiff

    try:
        for part in tiff.parts(path) or ():
            tiff.TiffReader(path, part, most).close()
    except DecodeError as problem:
        if problem.problem.startswith("truncated"):
            raise DecodeError(f"{path}: {problem.problem}", problem.remedy) from problem
    except Exception:  # other kinds of files, and such as tifffile does not read
        return


def _windows(name: str, mark: str, slide: Slide, told: Callable[[Survey], None]) -> Iterator[Item]:
    """The windows of a slide that are neither blank nor thick.

    Raises:
        DecodeError: it is damaged; none of them is to be read.
    """
    number = suited(slide.levels, slide.micrometres)
    level = slide.levels[number]
    down, across = grid(level)
    if down * across > _MOST_WINDOWS:
        raise DecodeError(f"{name}: {level.width:,} x {level.height:,} pixels are too many for a slide")
    judge = Judge(slide, number)
    verdicts: Counter[str] = Counter()
    for window in windows(level):
        path = f"{name}{mark}{round(window.left * level.downsample)},{round(window.top * level.downsample)}"
        item, verdict = _judged(path, slide, number, window, judge)
        verdicts[verdict] += 1
        if not verdict:
            yield item
    size = None if slide.micrometres is None else slide.micrometres * level.downsample
    survey = Survey(name, down * across, verdicts["blank"], verdicts["thick"], size, level.downsample)
    told(survey)
    if not survey.read:
        raise DecodeError(f"{name}: nothing to read: {survey.blank:,} windows are blank, {survey.thick:,} thick")


def _judged(path: str, slide: Slide, number: int, window: Window, judge: Judge) -> tuple[Item, str]:
    """A window as a field, and what it is; a damaged one is to be read, and says so."""
    place = number, window.left, window.top, window.width, window.height
    try:
        if judge.small != number:
            return WindowItem(path, partial(slide.region, *place), window.core), judge(window)
        pixels = slide.region(*place)  # without a smaller level they are read once for both
        return WindowItem(path, pixels, window.core), judge.of_pixels(window, pixels)
    except DecodeError as problem:
        return Item(path, problem), ""
