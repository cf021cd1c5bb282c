"""Memory and time of counting a slide of many windows, by how far it is.

    python benchmarks/slide.py [--side 25] [--folder runs/slide]

Draws a slide of SIDE x SIDE windows of 2048 pixels as a pyramid in a TIFF, written as it is drawn: each window holds
two drawn white cells, eight red ones and two platelets, and glass otherwise. Counts it by the shipped detector and
model, and prints a Markdown table of the memory as it goes on. 25 x 25 windows are 10,000 tiles of 512 pixels, 2.6
gigapixels; called again with the folder it goes on where it was ended.
"""

import argparse
import io
import resource
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import psutil
import tifffile
from PIL import Image

import hemascope
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import compose, render
from hemascope.data.smears.scene import FIELD
from hemascope.fields.slides.windows import SIDE
from hemascope.progress import Silent

TILE = 512
STEPS = (4, 16)
"""Pixels of the largest level for one of the others, as scanners write them."""

GLASS = (238, 236, 240)
_MICROMETRES = 0.1  # a pixel, so that red cells are 75 pixels wide
_KINDS = 16  # of tiles with cells
_EVERY = 50  # windows between two rows of the table


def tiles() -> list[Image.Image]:
    """Tiles, the first of glass alone, the others with four drawn smears on it, none of whose cells is cut.

    Two show a white cell, two a platelet among four red ones.
    """
    found = [Image.new("RGB", (TILE, TILE), GLASS)]
    size = round(FIELD / _MICROMETRES)
    for number in range(_KINDS):
        tile = found[0].copy()
        for at in range(4):
            scene = compose(number, at if at < 2 else BLOOD_CLASSES.index("platelet") + 8 * at)
            light = replace(scene.light, white=np.array(GLASS, float), slope=(0.0, 0.0), vignette=0.0)
            places = product((-4.7, 4.7), repeat=2) if at > 1 else ()
            near = zip(scene.surroundings.red_cells, places, strict=False)
            red = tuple(replace(cell, x=x, y=y) for cell, (x, y) in near)
            around = replace(scene.surroundings, red_cells=red, others=(), plasma=0.0)
            drawn = render(replace(scene, light=light, surroundings=around), size).image
            tile.paste(Image.fromarray(drawn), (60 + size * (at % 2), 60 + size * (at // 2)))
        found.append(tile)
    return found


def write_slide(path: Path, side: int) -> None:
    """Write the slide, a tile at a time."""
    drawn = tiles()
    packed = [_packed(tile) for tile in drawn]
    across = SIDE // TILE
    random = np.random.default_rng(0)
    layout = np.zeros((side * across, side * across), np.uint8)  # which tile lies where
    for row, column in np.ndindex(side, side):
        y, x = random.integers(across, size=2)
        layout[row * across + y, column * across + x] = 1 + random.integers(_KINDS)

    def shrunk(step: int) -> Iterator[bytes]:
        small, size = [tile.reduce(step) for tile in drawn], TILE // step
        for top, left in product(range(0, len(layout), step), repeat=2):
            picture = Image.new("RGB", (TILE, TILE), GLASS)
            for (y, x), kind in np.ndenumerate(layout[top : top + step, left : left + step]):
                if kind:
                    picture.paste(small[kind], (x * size, y * size))
            yield _packed(picture)

    whole = side * SIDE
    about = {"dtype": np.uint8, "photometric": "rgb", "tile": (TILE, TILE), "compression": "webp", "metadata": None}
    resolution = {"resolution": (1e4 / _MICROMETRES,) * 2, "resolutionunit": 3}
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write((packed[kind] for kind in layout.ravel()), shape=(whole, whole, 3), **resolution, **about)
        for step in STEPS:
            file.write(shrunk(step), shape=(whole // step, whole // step, 3), subfiletype=1, **about)


def _packed(tile: Image.Image) -> bytes:
    file = io.BytesIO()
    plain = all(low == high for low, high in tile.getextrema())
    tile.save(file, "WEBP", lossless=plain, quality=85)
    return file.getvalue()


class Memory(Silent):
    """Prints a row of the table every so many windows."""

    def __init__(self) -> None:
        self._process, self._started = psutil.Process(), time.monotonic()

    def say(self, message: str) -> None:
        """What the count says."""
        print(message, flush=True)

    def done(self, count: int, total: int | None = None, note: str = "") -> None:
        """A window is done."""
        if count % _EVERY == 0 or count == 1:
            now = self._process.memory_info().rss / 2**20
            print(f"| {count:,} | {now:,.0f} | {peak():,.0f} | {time.monotonic() - self._started:,.0f} | "
                  f"{time.process_time():,.0f} |", flush=True)  # fmt: skip


def peak() -> float:
    """The most memory so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Draw and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=25, help="windows along a side")
    parser.add_argument("--folder", type=Path, default=Path("runs/slide"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"slide-{options.side}.tif"
    if not path.exists():
        started = time.monotonic()
        write_slide(path.with_suffix(".half"), options.side)
        path.with_suffix(".half").rename(path)
        print(f"{path}: {path.stat().st_size / 1e6:,.0f} MB, drawn in {time.monotonic() - started:,.0f} s")
    print("| windows | MiB | at most | seconds | of computing |\n|---|---|---|---|---|", flush=True)
    output = options.folder / f"counted-{options.side}"
    counted = hemascope.count(path, output=output, resume=True, progress=Memory())
    sizes = ", ".join(f"{one.name} {one.stat().st_size / 1e6:,.0f} MB" for one in sorted(output.rglob("*.*son")))
    print(f"{counted.fields:,} windows, {dict(counted.totals.kinds)}; {sizes}; at most {peak():,.0f} MiB")


if __name__ == "__main__":
    main()
