"""The images of a bench: those that the rows train on, and those held out that every row is scored on."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hemascope.bench.file import Bench
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.splits import limited, split
from hemascope.errors import HemascopeError, RunError
from hemascope.files import write_text
from hemascope.pipeline.division import with_copies_together
from hemascope.pipeline.parts import opened
from hemascope.progress import SILENT, Progress

FORMAT_VERSION = 1
ABOUT, TRAIN, HELD_OUT = "bench.json", "train.parquet", "held-out.parquet"


@dataclass(frozen=True)
class HeldOut:
    """What every row is scored on.

    Attributes:
        rows: the images, all usable and labelled, with their groups; they are called ``test``.
        images: uint8 (n, side, side, 3), row by row, framed for the stand-in of the hidden set.
        trained_on: number of images that the rows train on.
    """

    rows: Manifest
    images: np.ndarray
    trained_on: int


def prepare(bench: Bench, folder: Path, *, progress: Progress = SILENT) -> HeldOut:
    """Divide a source once, so that the rows of all later calls see the same images.

    Raises:
        RunError: the folder holds a bench of other images.
        HemascopeError: a source that cannot be used, or a split that it does not have.
    """
    about = {
        "format_version": FORMAT_VERSION, "source": bench.source, "images": bench.images, "held_out": bench.held_out,
        "seed": bench.seed,
    }  # fmt: skip
    if (folder / ABOUT).is_file():
        _check_same(folder, about)
    else:
        train, held_out = _divided(bench, progress)
        train.write(folder / TRAIN)
        held_out.write(folder / HELD_OUT)
        write_text(folder / ABOUT, json.dumps(about, indent=1) + "\n")  # last: a folder with it is complete
    pixels = load_pixels(Manifest.read(folder / HELD_OUT), bench.hidden.side, progress=progress)
    good = (pixels.manifest.table["error"] == "").to_numpy()
    if not good.all():
        raise RunError(
            f"{pixels.manifest.ids.iloc[int(np.argmin(good))]}: no longer readable",
            "Put the images back where they were when this bench began, or name another folder with -o.",
        )
    return HeldOut(pixels.manifest, pixels.images, len(Manifest.read(folder / TRAIN)))


def check_unseen(run: Manifest, held_out: Manifest, folder: Path) -> None:
    """Refuse a finished Run that was trained on held-out images.

    Raises:
        RunError: it was; its scores would be those of learning by heart.
    """
    trained = set(run.ids[(run.table["split"] == "train").to_numpy()])
    seen = held_out.ids.isin(trained)
    if seen.any():
        raise RunError(
            f"{folder}: was trained on {int(seen.sum()):,} of the {len(seen):,} held-out images, such as "
            f"{held_out.ids[seen].iloc[0]}",
            "Hold out images that it has not seen (held_out: the name of a split), or let the bench train the row.",
        )


def _check_same(folder: Path, about: dict[str, object]) -> None:
    try:
        before = json.loads((folder / ABOUT).read_text("utf-8"))
    except (OSError, ValueError) as problem:
        raise RunError(f"{folder / ABOUT}: cannot be read ({problem})", "Name another folder with -o.") from problem
    changed = [key for key, value in about.items() if before.get(key) != value]
    if changed:
        raise RunError(
            f"{folder} holds a bench with other settings ({', '.join(changed)})", "Name another folder with -o."
        )


def _divided(bench: Bench, progress: Progress) -> tuple[Manifest, Manifest]:
    manifest = limited(opened(bench.source, progress), bench.images, seed=bench.seed)
    splits = manifest.table["split"]
    if isinstance(bench.held_out, str):
        apart = splits == bench.held_out
        if not apart.any() or apart.all():
            raise HemascopeError(
                f"held_out: {bench.source} has no split {bench.held_out!r} beside others "
                f"(it has: {', '.join(sorted(set(splits))) or 'none'})",
                "Name a split of the source, or a share such as held_out: 0.1.",
            )
        named = np.where(apart, "test", "train")
        fractions = (1.0, 0.0, 0.0)
    else:
        named = np.full(len(manifest), "")
        fractions = (1 - bench.held_out, 0.0, bench.held_out)
    pixels = load_pixels(manifest.with_columns(split=named), bench.hidden.side, progress=progress)
    divided = split(with_copies_together(pixels, progress), fractions, seed=bench.seed)
    train, held_out = divided.rows(divided.part("train")), divided.rows(divided.part("test"))
    if not len(held_out):
        raise HemascopeError(f"held_out: {bench.held_out} leaves no image to score on", "Hold out a larger share.")
    # The rows divide what is left by their own recipes.
    return train.with_columns(split=np.full(len(train), "")), held_out
