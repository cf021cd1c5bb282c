"""Classify any number of images of any sources: into a file, or into memory."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hemascope.cells import colours
from hemascope.data.dataset import Dataset, is_dataset
from hemascope.data.remote.path import located
from hemascope.data.remote.url import named
from hemascope.predict import rows
from hemascope.predict.differential.differential import Differential
from hemascope.predict.rows import Layout
from hemascope.predict.run import run
from hemascope.predict.shipped import DEFAULT
from hemascope.predict.stream import Block
from hemascope.predict.unlike import Unlike
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predicted:
    """The predictions of `predict`.

    Attributes:
        images: how many images there were.
        failed: how many of them could not be classified; their rows say why in ``error``.
        output: the file that holds the rows; None where they are in memory.
        unlike: that the images are unlike those that the model was calibrated on, with what that means; None where they
            are not, or where that cannot be told: too few images, or a model file of an older hemascope. After
            ``resume`` it is said of the images that were classified then.
        left_out: by the images' names, what of their files is not read: further pages, frames, channels.
        differential: the count of the cells with intervals, where it was asked for.
    """

    images: int
    failed: int
    output: Path | None
    unlike: Unlike | None
    left_out: dict[str, str]
    differential: Differential | None
    _layout: Layout = field(repr=False)
    _blocks: list[Block] = field(repr=False)

    def rows(self) -> Iterator[dict[str, Any]]:
        """A dict an image, in order: ``path``, ``label``, ``confidence``, one probability a class, ``error``.

        With a model that tells, ``unknown`` and ``is_unknown``; ``set`` where a coverage was asked for; where
        attributes were, ``appearance`` and one an attribute. None where there is no value.
        """
        if self.output is not None:
            from hemascope.predict.output import read_rows

            yield from read_rows(self.output)
            return
        for block in self._blocks:
            yield from rows.as_dicts(block, self._layout)

    def counts(self) -> dict[str, int]:
        """Class -> images that were called so, in the model's order."""
        columns: list[str] = []
        found: Counter[str] = Counter()
        for row in self.rows():
            columns = columns or list(row)
            if row["label"]:
                found[row["label"]] += 1
        return {name: found[name] for name in Layout.of_columns(columns).classes}

    def table(self) -> pd.DataFrame:
        """The rows as a DataFrame.

        Raises:
            HemascopeError: pandas is not installed.
        """
        from hemascope.predict.dataframe import as_frame, read_frame, require_pandas

        require_pandas()
        return as_frame(self._blocks, self._layout) if self.output is None else read_frame(self.output)

    def __len__(self) -> int:
        return self.images

    def _repr_html_(self) -> str:
        from hemascope.predict.html import bars

        counts = self.counts()
        total = max(sum(counts.values()), 1)
        failed = f", {self.failed:,} failed" if self.failed else ""
        where = f" -> {escape(str(self.output))}" if self.output else ""
        inks = colours(tuple(counts))
        lines = [(name, n / total, ink, f"{n:,}") for (name, n), ink in zip(counts.items(), inks, strict=True)]
        warned = f"<p>{escape(self.unlike.message)}</p>" if self.unlike else ""
        counted = self.differential._repr_html_() if self.differential else bars(lines)
        return f"<p>{self.images:,} images{failed}{where}</p>{'' if self.differential else warned}{counted}"


def predict(
    sources: str | Path | Dataset | Sequence[str | Path | Dataset],
    model: str | Path = DEFAULT,
    *,
    output: str | Path | None = None,
    coverage: float | None = None,
    attributes: bool = False,
    differential: bool = False,
    precision: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    batch: int | None = None,
    on: str | None = None,
    workers: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Predicted:
    """Classify every image of the sources, labelled or not.

    Args:
        sources: one or several of `hemascope.data.kinds.KINDS`: pictures, folders of them, globs, archives, .npz,
            Parquet, CSV, Manifests and names, or objects of the library `datasets`. Labels are passed over.
        model: a model file, a Run folder or a shipped model's name.
        output: the table to write, .csv, .parquet or .jsonl, for any number of images; on a cluster a folder too, a
            name without a suffix, of Parquet files. Without one the rows are kept in memory, some 100 bytes an image.
        coverage: add the column ``set``: the classes that hold the true one in this share of cells, as 0.95.
        attributes: add what is seen of the cells: the column ``appearance``, a few words, and one an attribute, its
            value, empty where the model is not sure or has not learnt those of the class.
        differential: count the cells: the share of each class, corrected by what the model confuses, with intervals;
            written as differential.csv beside the output.
        precision: say how many cells more it takes to know every share within so many percentage points, as 2.
        resume: go on with an interrupted run into this output, if there is one.
        overwrite: replace an existing output.
        threads: images worked on at a time; one a core where not given.
        batch: most images a network run; the fastest where not given, 8 on the CPU and 64 on an accelerator.
        on: where to classify: "ray", or a cluster's address as "ray://HOST:10001"; here where not given.
        workers: of the cluster, with one core or GPU each; all that it has where not given.
        device: where the network runs, as of `hemascope.load`; the environment variable HEMASCOPE_DEVICE or auto where
            not given.
        progress: told how far it is.

    Raises:
        SourceError: no such source or no image in them; an output that is there already, or that another run
            is at; resuming, other images, another coverage or other attributes than those of the earlier run.
        ModelFileError: no such model; resuming, another one; or it has no sets of that coverage, or no attributes.
        EngineError: no such cluster, or it does not see the images.
        DeviceError: the device is not there, or fails.

    >>> found = predict("synthetic:8", threads=1)
    >>> len(found), [row["path"] for row in found.rows()][:2]
    (8, ['synthetic://0#0', 'synthetic://0#1'])
    """
    several: Sequence[str | Path | Dataset] = (
        [sources] if isinstance(sources, str | Path) or is_dataset(sources) else sources
    )
    kept = _Kept(output is None)
    target = None if output is None else located(str(output))
    outcome = run(
        [named(os.fspath(source)) if isinstance(source, str | os.PathLike) else source for source in several],
        model,
        watcher=kept,
        output=target,
        coverage=coverage,
        attributes=attributes,
        differential=differential,
        precision=precision,
        resume=resume,
        overwrite=overwrite,
        threads=threads,
        batch=batch,
        on=on,
        workers=workers,
        device=device,
        progress=progress,
    )
    return Predicted(
        outcome.images,
        outcome.failed,
        target,
        outcome.unlike,
        kept.left_out,
        outcome.differential,
        kept.layout,
        kept.blocks,
    )


class _Kept:
    """Keeps the results where there is no file for them."""

    def __init__(self, keep: bool) -> None:
        self.layout = Layout(())
        self.blocks: list[Block] = []
        self.left_out: dict[str, str] = {}
        self._keep = keep

    def begin(self, layout: Layout, before: int) -> None:
        self.layout = layout

    def add(self, block: Block) -> None:
        self.left_out.update(block.left_out)
        if self._keep:
            self.blocks.append(block)
