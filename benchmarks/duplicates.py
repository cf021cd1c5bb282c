"""The search for near duplicates beside imagededup and cleanvision: copies found by damage, false pairs, seconds.

    python benchmarks/duplicates.py FOLDER [--copies 500] [--seed 0]
    python benchmarks/duplicates.py --growth

FOLDER holds images as for ``hemascope train``. Damaged copies of some are planted among them, and all are written to a
folder of temporary files. Prints Markdown tables. A pair is false where its two images do not come from one original;
of hemascope's all are named, as a data set may hold a cell twice. ``--growth`` times sets of 1,000, 10,000 and 100,000
synthetic images of 96 x 96 pixels instead. imagededup and cleanvision take part where they are installed.
"""

import argparse
import contextlib
import importlib.util
import io
import itertools
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from hemascope.audit.duplicates.pair import joined
from hemascope.audit.duplicates.search import near_duplicates
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.reading import read_images
from hemascope.data.smears import draw
from hemascope.data.sources import open_source

Picture = Image.Image
Damage = Callable[[Picture, np.random.Generator], Picture]
Groups = list[set[str]]
BILINEAR = Image.Resampling.BILINEAR


def jpeg(quality: int) -> Damage:
    """Compressed."""

    def damage(image: Picture, rng: np.random.Generator) -> Picture:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return damage


def resized(share: float) -> Damage:
    """Made smaller and large again."""

    def damage(image: Picture, rng: np.random.Generator) -> Picture:
        small = image.resize((round(image.width * share), round(image.height * share)), BILINEAR)
        return small.resize(image.size, BILINEAR)

    return damage


def cropped(share: float) -> Damage:
    """Cropped anywhere; every other one is resized back."""

    def damage(image: Picture, rng: np.random.Generator) -> Picture:
        width, height = round(image.width * (1 - share)), round(image.height * (1 - share))
        left, top = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
        part = image.crop((left, top, left + width, top + height))
        return part.resize(image.size, BILINEAR) if rng.random() < 0.5 else part

    return damage


def restained(image: Picture, rng: np.random.Generator) -> Picture:
    """A gain for each channel, another hue and saturation."""
    gained = np.clip(np.asarray(image) * rng.uniform(0.85, 1.15, 3), 0, 255).astype(np.uint8)
    hsv = np.asarray(Image.fromarray(gained).convert("HSV")).astype(float)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-15, 15)) % 256
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.7, 1.3), 0, 255)
    planes = [Image.fromarray(plane) for plane in hsv.astype(np.uint8).transpose(2, 0, 1)]
    return Image.merge("HSV", planes).convert("RGB")


def by_pixels(change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Damage:
    """A change of float pixels (h, w, 3) in [0, 255]."""

    def damage(image: Picture, rng: np.random.Generator) -> Picture:
        return Image.fromarray(np.clip(np.round(change(np.asarray(image, float), rng)), 0, 255).astype(np.uint8))

    return damage


TURNS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
MIRRORS = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)
MAIN: dict[str, Damage] = {
    "JPEG quality 40": jpeg(40),
    "resized to 70% and back": resized(0.7),
    "rotated by 90, 180 or 270°": lambda image, rng: image.transpose(TURNS[rng.integers(3)]),
    "flipped": lambda image, rng: image.transpose(MIRRORS[rng.integers(2)]),
    "cropped by 5%": cropped(0.05),
    "brightness ±15%": by_pixels(lambda pixels, rng: pixels * rng.choice([0.85, 1.15])),
    "re-stained": restained,
}
MORE: dict[str, Damage] = {
    "JPEG quality 25": jpeg(25),
    "resized to 40% and back": resized(0.4),
    "cropped by 10%": cropped(0.1),
    "noise, sigma 8": by_pixels(lambda pixels, rng: pixels + rng.normal(0, 8, pixels.shape)),
    "blurred, sigma 1.5": lambda image, rng: image.filter(ImageFilter.GaussianBlur(1.5)),
    "gamma 0.7 or 1.4": by_pixels(lambda pixels, rng: 255 * (pixels / 255) ** rng.choice([0.7, 1.4])),
    "contrast -25% or +30%": lambda image, rng: ImageEnhance.Contrast(image).enhance(rng.choice([0.75, 1.3])),
    "grey": lambda image, rng: image.convert("L").convert("RGB"),
    "rotated by up to 3°": lambda image, rng: image.rotate(rng.uniform(-3, 3), BILINEAR),
    "rotated by up to 8°": lambda image, rng: image.rotate(rng.uniform(-8, 8), BILINEAR),
}
TWO = "two of the first seven"


def damaged(image: Picture, kind: str, rng: np.random.Generator) -> Picture:
    """A copy of an image."""
    kinds = list(rng.choice(list(MAIN), 2, replace=False)) if kind == TWO else [kind]
    for name in kinds:
        image = (MAIN | MORE)[name](image, rng)
    return image


def plant(source: Path, folder: Path, copies: int, seed: int) -> tuple[list[Path], dict[str, str], dict[str, str]]:
    """Write the images and the copies.

    Returns:
        The files, the name of every file's original, and the kind of damage of every copy.
    """
    rng = np.random.default_rng(seed)
    manifest = open_source(source)
    kinds = [*MAIN, TWO]
    wanted = {name: kinds[i % len(kinds)] for i, name in enumerate(rng.permutation(len(manifest))[:copies].tolist())}
    further = rng.permutation(len(manifest))[: len(MORE) * max(1, copies // 10)].tolist()
    wanted_more = {name: list(MORE)[i % len(MORE)] for i, name in enumerate(further)}
    files, originals, damages = [], {}, {}
    for row, image in read_images(manifest):
        if not isinstance(image, np.ndarray):
            continue
        name = f"{row}.png"
        pictures = {name: Image.fromarray(image)}
        for number, kind in enumerate((wanted.get(row), wanted_more.get(row))):
            if kind:
                copy = f"{row} copy {number}.png"
                pictures[copy] = damaged(pictures[name], kind, rng)
                damages[copy] = kind
        for file, picture in pictures.items():
            picture.save(folder / file, compress_level=1)
            files.append(folder / file)
            originals[file] = name
    return files, originals, damages


def of_hemascope(files: list[Path]) -> tuple[Groups, list[tuple[str, str, str]]]:
    """Groups, and the pairs that made them with what is said of them."""
    manifest = Manifest.build([str(file) for file in files], [""] * len(files), ())
    began = time.perf_counter()
    pixels = load_pixels(manifest, 96)
    read = time.perf_counter()
    pairs = near_duplicates(pixels.images, pixels.manifest.usable.to_numpy())
    print(
        f"hemascope: {read - began:.1f} s to read {len(files):,} images, {time.perf_counter() - read:.1f} s to search\n"
    )
    group = joined(pixels.manifest.table["group"].to_numpy(np.int64), pairs)
    groups: dict[int, set[str]] = {}
    for number, file in zip(group.tolist(), files, strict=True):
        groups.setdefault(number, set()).add(file.name)
    told = [(files[p.first].name, files[p.second].name, f"{p.score:.2f}, {p.relation}") for p in pairs]
    return list(groups.values()), told


def of_cleanvision(files: list[Path]) -> Groups:
    """Sets of exact and near duplicates."""
    from cleanvision import Imagelab

    lab = Imagelab(filepaths=[str(file) for file in files])
    lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=1, verbose=False)
    sets = lab.info["near_duplicates"]["sets"] + lab.info["exact_duplicates"]["sets"]
    return [{Path(file).name for file in found} for found in sets]


def of_imagededup(files: list[Path], method: str) -> Groups:
    """Every image with its duplicates."""
    from imagededup import methods

    finder = getattr(methods, method)(verbose=False)
    found = finder.find_duplicates(image_dir=str(files[0].parent))
    return [{file, other} for file, others in found.items() for other in others]


def false_pairs(groups: Groups, originals: dict[str, str]) -> int:
    """Pairs of images of different originals in one group, each counted once."""
    return len(
        {
            pair
            for group in groups
            for pair in itertools.combinations(sorted(group), 2)
            if originals[pair[0]] != originals[pair[1]]
        }
    )


def compare(source: Path, copies: int, seed: int) -> None:
    """Plant, search with every tool, and print."""
    with tempfile.TemporaryDirectory() as name:
        files, originals, damages = plant(source, Path(name), copies, seed)
        tools: dict[str, Callable[[], Groups]] = {}
        told: list[tuple[str, str, str]] = []

        def hemascope() -> Groups:
            groups, pairs = of_hemascope(files)
            told.extend(pairs)
            return groups

        tools["hemascope"] = hemascope
        if importlib.util.find_spec("cleanvision"):
            tools["cleanvision"] = lambda: of_cleanvision(files)
        if importlib.util.find_spec("imagededup"):
            tools["imagededup PHash"] = lambda: of_imagededup(files, "PHash")
            tools["imagededup CNN"] = lambda: of_imagededup(files, "CNN")
        for missing in {"cleanvision", "imagededup"} - {tool.split()[0] for tool in tools}:
            print(f"{missing}: not installed\n")
        results: dict[str, tuple[Groups, float]] = {}
        for tool, run in tools.items():
            began = time.perf_counter()
            try:
                with contextlib.redirect_stdout(sys.stdout if tool == "hemascope" else io.StringIO()):
                    groups = run()
            except Exception as problem:  # a rival that fails, for example for want of its weights, is told, not hidden
                print(f"{tool}: failed ({type(problem).__name__}: {str(problem)[:100]})\n")
                continue
            results[tool] = groups, time.perf_counter() - began
    print_found(results, originals, damages)
    print("\nhemascope's pairs of different originals:\n")
    for one, other, relation in told:
        if originals[one] != originals[other]:
            print(f"- {one}, {other}: {relation}")


def print_found(results: dict[str, tuple[Groups, float]], originals: dict[str, str], damages: dict[str, str]) -> None:
    """Print a table: a row a kind of damage, a column a tool."""
    print(f"| {len(originals):,} images | copies | " + " | ".join(results) + " |\n|---|---|" + "---|" * len(results))
    found = {
        tool: {copy for copy in damages if any({copy, originals[copy]} <= group for group in _holding(groups, copy))}
        for tool, (groups, _) in results.items()
    }
    by_kind = {kind: {copy for copy, own in damages.items() if own == kind} for kind in (*MAIN, TWO, *MORE)}
    main = set().union(*(by_kind[kind] for kind in (*MAIN, TWO)))
    for title, copies in {**by_kind, "**all of the first eight kinds**": main}.items():
        row(title, len(copies), (f"{len(found[tool] & copies) / max(1, len(copies)):.1%}" for tool in results))
    row("false pairs", "", (f"{false_pairs(groups, originals):,}" for groups, _ in results.values()))
    row("seconds, reading included", "", (f"{took:.1f}" for _, took in results.values()))


def row(title: str, copies: object, values: Iterable[str]) -> None:
    """Print a row of the table: its title, the number of copies, and a cell a tool."""
    print(f"| {title} | {copies} | {' | '.join(values)} |")


def _holding(groups: Groups, file: str) -> Groups:
    return [group for group in groups if file in group]


def synthetic(n: int) -> np.ndarray:
    """Images uint8 (n, 96, 96, 3) that are soon made: the darker of two drawings, each turned and moved at random."""
    rng = np.random.default_rng(0)
    pool = np.stack([draw(0, index).image for index in range(256)])
    images = np.empty((n, 96, 96, 3), np.uint8)
    for image in images:
        one, other = (
            np.roll(np.rot90(pool[rng.integers(len(pool))], rng.integers(4)), rng.integers(-30, 31, 2), (0, 1))
            for _ in range(2)
        )
        np.minimum(one, other, out=image)
    return images


def grow(n: int) -> tuple[float, float, float, int]:
    """Wall and processor seconds of one search, MiB of memory beside the images, and the pairs found."""
    images = synthetic(n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, processor = time.perf_counter(), time.process_time()
    pairs = near_duplicates(images, np.ones(n, bool))
    took = time.perf_counter() - began, time.process_time() - processor
    return *took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, len(pairs)


def growth() -> None:
    """Time sets of growing size, each in a process of its own."""
    print("| images | seconds | processor seconds | MiB beside the images | pairs |\n|---|---|---|---|---|")
    for n in (1_000, 10_000, 100_000):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            wall, processor, memory, pairs = pool.apply(grow, (n,))
        print(f"| {n:,} | {wall:.1f} | {processor:.1f} | {memory:,.0f} | {pairs} |", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--copies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--growth", action="store_true")
    args = parser.parse_args()
    print(f"{os.cpu_count()} CPU cores\n")
    if args.growth:
        growth()
    elif args.folder:
        compare(args.folder, args.copies, args.seed)
    else:
        parser.error("name a folder of images, or --growth")


if __name__ == "__main__":
    main()
