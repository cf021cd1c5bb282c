"""Runs pseudo-validation: many copies of every image through a model, a batch at a time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hemascope.data.manifest import Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.splits import limited
from hemascope.errors import SourceError
from hemascope.evaluate.hits import hit_gains, hit_scores
from hemascope.evaluate.pseudo.result import AVERAGED, CLEAN, COPIES, OPERATION, SOURCE, PseudoResult
from hemascope.evaluate.pseudo.transforms import Transform, single_operations
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.progress import SILENT, Progress

BATCH = 64
"""Images transformed together. It is part of the seed's meaning: another number, other copies."""


def pseudo_validate(
    model: ClassifierLike,
    images: np.ndarray,
    targets: np.ndarray,
    transforms: Sequence[Transform],
    *,
    copies: int = 12,
    operations: bool = True,
    seed: int = 0,
    split: str = "",
    progress: Progress = SILENT,
) -> PseudoResult:
    """Score a model on transformed copies of labelled images.

    Args:
        model: gives probabilities.
        images: uint8 (n, side, side, 3), framed.
        targets: class numbers of the model, int (n,), all >= 0, n >= 1.
        transforms: from `choose_transforms`; the copies of an image take turns among them.
        copies: of each image.
        operations: whether to score what the transforms are made of too, each alone, on one copy of each image.
        seed: the same one makes the same copies.
        split: what the result calls the images.
        progress: told how many copies are done.
    """
    alone = single_operations(transforms) if operations else ()
    runs = [(transforms[copy % len(transforms)], copy) for copy in range(copies)] + [(part, 0) for part in alone]
    done = 0
    progress.step("pseudo-validation", (1 + len(runs)) * len(images))

    def classified(transform: Transform | None, copy: int = 0) -> np.ndarray:
        nonlocal done
        parts = []
        for place in range(0, len(images), BATCH):
            batch = images[place : place + BATCH]
            shown = transform(batch, seed=seed, copy=copy, place=place) if transform else batch
            parts.append(model.probabilities(shown))
            done += len(batch)
            progress.done(done)
        return np.concatenate(parts)

    clean = classified(None).argmax(axis=1) == targets
    said = [classified(transform, copy) for transform, copy in runs]
    hits = np.stack([part.argmax(axis=1) == targets for part in said], axis=1).astype(np.float64)
    mean = np.mean(said[:copies], axis=0)
    rows = [
        (CLEAN, CLEAN, "Images as they are", clean),
        (COPIES, COPIES, "Copies one by one", hits[:, :copies].mean(axis=1)),
        (AVERAGED, AVERAGED, "Averaged over the copies of an image", mean.argmax(axis=1) == targets),
    ]
    for number, transform in enumerate(transforms[:copies]):
        rows.append((SOURCE, transform.name, transform.title, hits[:, number : copies : len(transforms)].mean(axis=1)))
    rows += [(OPERATION, part.name, part.title, hits[:, copies + i]) for i, part in enumerate(alone)]
    table = pd.DataFrame([_row(*row, clean=clean, targets=targets) for row in rows])
    alone_rows = table["kind"] == OPERATION
    table = pd.concat([table[~alone_rows], table[alone_rows].sort_values("drop", ascending=False, kind="stable")])
    return PseudoResult(
        table=table.reset_index(drop=True),
        images=len(images),
        copies=copies,
        side=images.shape[1],
        seed=seed,
        transforms=tuple(transform.name for transform in transforms),
        split=split,
        clean_hits=clean.astype(np.float64),
        copy_hits=hits[:, :copies].mean(axis=1),
    )


def _row(
    kind: str, name: str, title: str, hits: np.ndarray, *, clean: np.ndarray, targets: np.ndarray
) -> dict[str, Any]:
    hits = np.asarray(hits, np.float64)
    row: dict[str, Any] = {"kind": kind, "name": name, "title": title}
    for key, score in hit_scores(hits, targets).items():
        row |= {key: score.value, f"{key}_low": score.low, f"{key}_high": score.high}
    drop = hit_gains(clean - hits, targets)["accuracy"]
    return row | {"drop": drop.value, "drop_low": drop.low, "drop_high": drop.high}


SIDE = 128
"""Images are framed to so many pixels where nothing else is asked for, so that models of any size can be compared."""


def labelled_pixels(
    source: Manifest,
    classes: tuple[str, ...],
    *,
    side: int = SIDE,
    images: int | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> tuple[np.ndarray, np.ndarray]:
    """Read and frame the images whose label is one of the classes.

    Args:
        source: the images.
        classes: of the model.
        side: of the framed images, pixels.
        images: about so many, drawn by seed so that every class keeps its share; all where not given.
        seed: of the draw.
        progress: told how many images are read.

    Returns:
        Images uint8 (n, side, side, 3) and class numbers int64 (n,); unreadable ones are left out.

    Raises:
        SourceError: none can be used.
    """
    rows = limited(source.rows(source.known(classes)), images, seed=seed)
    pixels = load_pixels(rows, side, progress=progress) if len(rows) else None
    read = (pixels.manifest.table["error"] == "").to_numpy() if pixels else np.zeros(0, bool)
    if pixels is None or not read.any():
        raise SourceError(
            f"{source.name or 'the source'}: none of its images has a label that the model knows and can be read",
            "Pseudo-validation needs labelled images.",
        )
    numbers = {name: i for i, name in enumerate(classes)}
    return pixels.images[read], rows.table["label"].map(numbers).to_numpy(np.int64)[read]
