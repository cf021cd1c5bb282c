"""Count the cells of any number of fields of any sources: into a folder, or into memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hemascope.data.remote.path import located
from hemascope.data.remote.url import named
from hemascope.fields.defaults import DETECTOR, FORMATS
from hemascope.fields.run import run
from hemascope.fields.table import Columns, read_rows, schema
from hemascope.fields.totals import Totals
from hemascope.predict.differential.differential import Differential
from hemascope.predict.shipped import DEFAULT
from hemascope.predict.unlike import Unlike
from hemascope.progress import SILENT, Progress
from hemascope.shown import table

if TYPE_CHECKING:
    import pandas as pd

    from hemascope.fields.outputs.write import WritePage
    from hemascope.fields.read import FieldRead


@dataclass(frozen=True)
class Counted:
    """The count of `count`; a notebook shows its tables.

    Attributes:
        totals: how many fields there were and failed, and cells of each kind.
        differential: the differential of the white cells, with intervals.
        output: the folder that holds the tables; None where the cells are in memory.
        unlike: that the white cells are unlike those that the model was calibrated on, with what that means; None where
            they are not, or where that cannot be told. After ``resume`` it is said of the fields read then.
        left_out: by the fields' names, what of their files is not read: further pages, frames, channels.
        reads: the fields with their cells, where there is no output; else none.
    """

    totals: Totals
    differential: Differential
    output: Path | None
    unlike: Unlike | None
    left_out: dict[str, str]
    reads: list[FieldRead] = field(repr=False)
    _columns: Columns = field(repr=False)
    _table: Path | None = field(repr=False)

    @property
    def fields(self) -> int:
        """How many fields there were."""
        return self.totals.fields

    @property
    def failed(self) -> int:
        """How many of them could not be read; their rows say why in ``error``."""
        return self.totals.failed

    def rows(self) -> Iterator[dict[str, Any]]:
        """A dict a cell, field by field: the columns of cells.csv; None where there is no value."""
        if self._table is not None:
            yield from read_rows(self._table)
            return
        for read in self.reads:
            yield from map(self._columns.row, read.cells)

    def table(self) -> pd.DataFrame:
        """The rows as a DataFrame.

        Raises:
            HemascopeError: pandas is not installed.
        """
        from hemascope.predict.dataframe import require_pandas

        require_pandas()
        import pyarrow as pa

        return pa.Table.from_pylist(list(self.rows()), schema(self._columns)).to_pandas()

    def __len__(self) -> int:
        return self.fields

    def _repr_html_(self) -> str:
        failed = f", {self.failed:,} failed" if self.failed else ""
        where = f" -> {escape(str(self.output))}" if self.output else ""
        kinds = table(("cells", "counted", "a field"), self.totals.rows)
        return f"<p>{self.fields:,} fields{failed}{where}</p>{kinds}{self.differential._repr_html_()}"


def count(
    sources: str | Path | Sequence[str | Path],
    model: str | Path = DEFAULT,
    *,
    detector: str | Path = DETECTOR,
    output: str | Path | None = None,
    format: str = FORMATS[0],
    attributes: bool = False,
    precision: float | None = None,
    rois: bool = False,
    crops: bool = False,
    overlays: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    threads: int | None = None,
    on: str | None = None,
    workers: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Counted:
    """Find every cell of whole fields of smears, classify the white ones, and count.

    A cell that is cut by the right or the lower edge of its field is not counted, one that is cut by the left or the
    upper edge is, so that no cell counts twice where fields adjoin.

    Args:
        sources: one or several of `hemascope.data.kinds.KINDS`: pictures, folders of them, globs, archives, .npz,
            Parquet, CSV, Manifests and names. Each image is a field, at any magnification.
        model: the classifier of white cells: a model file, a Run folder or a shipped model's name.
        detector: what finds cells: a detector's file or a shipped detector's name.
        output: the folder to write: cells.csv, a row a cell; fields.csv; differential.csv; cells.coco.json; a GeoJSON
            a field or slide in geojson/, which QuPath opens; count.html; count.json. Without one the cells are kept in
            memory.
        format: of the table of cells: csv, or parquet for cells.parquet.
        attributes: add what is seen of white cells, as `hemascope.predict` does.
        precision: say how many cells more it takes to know every share within so many percentage points, as 2.
        rois: write ImageJ's regions of interest, a zip a field, in rois/.
        crops: write cut-out white cells in crops/CLASS/, which `hemascope.train` takes, unknown ones in crops-unknown/.
        overlays: write a picture a field with its cells in boxes, in overlays/.
        resume: go on with an interrupted count into this folder, if there is one.
        overwrite: replace an existing count.
        threads: that a field is worked on by; one a core where not given.
        on: where to count: "ray", or a cluster's address as "ray://HOST:10001"; here where not given.
        workers: of the cluster, with one core or GPU each; all that it has where not given.
        device: where the networks run, as of `hemascope.load`.
        progress: told how far it is.

    Raises:
        SourceError: no such source or no field in them; a folder with a count already, or that another run is at;
            resuming, other fields than those of the earlier run.
        ModelFileError: no such model or detector; resuming, another one; or the model has no attributes.
        EngineError: no such cluster, or it does not see the images.
        DeviceError: the device is not there, or fails.
        HemascopeError: a library that an output wants is not installed.
    """
    several = [sources] if isinstance(sources, str | Path) else sources
    target = None if output is None else located(str(output))
    kept = _Kept(target is None)
    outcome = run(
        [named(os.fspath(source)) for source in several],
        model,
        watcher=kept,
        detector=detector,
        output=target,
        format=format,
        attributes=attributes,
        precision=precision,
        rois=rois,
        crops=crops,
        overlays=overlays,
        page=page_writer(progress),
        resume=resume,
        overwrite=overwrite,
        threads=threads,
        on=on,
        workers=workers,
        device=device,
        progress=progress,
    )
    assert outcome.differential is not None  # as nothing stops it
    return Counted(
        outcome.totals,
        outcome.differential,
        target,
        outcome.unlike,
        kept.left_out,
        kept.reads,
        kept.columns,
        None if target is None else target / f"cells.{format}",
    )


def page_writer(progress: Progress = SILENT) -> WritePage | None:
    """What writes count.html; None, with a word, where the library for it is not installed."""
    try:
        from hemascope.report.count_page import write_count_page
    except ModuleNotFoundError as problem:
        if problem.name != "jinja2":
            raise
        progress.say("count.html is not written: pip install 'hemascope[fields]' brings what it takes.")
        return None
    return write_count_page


class _Kept:
    """Keeps the fields where there is no folder for them."""

    def __init__(self, keep: bool) -> None:
        self.columns = Columns(())
        self.reads: list[FieldRead] = []
        self.left_out: dict[str, str] = {}
        self._keep = keep

    def begin(self, columns: Columns, before: int) -> None:
        self.columns = columns

    def add(self, read: FieldRead) -> None:
        if read.left_out:
            self.left_out[read.name] = read.left_out
        if self._keep:
            self.reads.append(replace(read, pixels=None))
