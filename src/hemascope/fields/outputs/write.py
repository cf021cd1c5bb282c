"""All that a count writes beside its table, field after field."""

from __future__ import annotations

import shutil
from collections.abc import KeysView, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Protocol

from hemascope.fields.cell import Cell
from hemascope.fields.outputs import coco, crops, geojson, overlays, rois
from hemascope.fields.outputs.crops import Cut
from hemascope.fields.outputs.kept import Field, KeptFields
from hemascope.fields.outputs.names import Stems
from hemascope.fields.outputs.pixels import Pixels, save_jpeg
from hemascope.fields.outputs.rois import require_roifile
from hemascope.fields.outputs.shown import Gallery, Shown
from hemascope.fields.slides.items import placed
from hemascope.files import writing
from hemascope.predict.differential.differential import Differential
from hemascope.predict.rows import printable

PAGE = "count.html"
"""Name of the page."""

WORK = ".count"
"""Name of the folder, within that of the count, of what a resumed count goes on from."""

_OURS = (
    f"{geojson.FOLDER}/*{geojson.SUFFIX}",
    f"{rois.FOLDER}/*{rois.SUFFIX}",
    f"{overlays.FOLDER}/*{overlays.SUFFIX}",
    f"{crops.FOLDER}/*/*.png",
    f"{crops.UNKNOWN_FOLDER}/*.png",
    coco.FILE_NAME,
    PAGE,
)


class WritePage(Protocol):
    """Writes the page, as `hemascope.report.count_page.write_count_page`."""

    def __call__(self, path: Path, shown: Shown, differential: Differential | None, notes: Sequence[str], /) -> object:
        """Write it to ``path``, whole or not at all."""


class Writers:
    """Takes field after field, and makes the joint files of all at the end; memory does not grow with the fields.

    A field's own files stand when `add` returns, each whole, and what is said of it is kept within the folder; of that
    `close` makes the joint files. After a kill, ``resume`` goes on from there: a field that is added again gets the
    same files.

    Args:
        folder: of the count.
        classes: the model's, in its order.
        geojson, rois, crops, overlays: which files of each field are written; a slide has one GeoJSON for all of its
            windows.
        page: writes the page; None for none.
        resume: go on where an earlier count was ended; else what it has left in the folder is removed, which the
            user must have allowed.

    Raises:
        HemascopeError: a library that is needed is not installed.
        WriteError: nothing can be written there.
    """

    def __init__(
        self,
        folder: Path,
        classes: Sequence[str],
        *,
        geojson: bool = True,
        rois: bool = True,
        crops: bool = False,
        overlays: bool = False,
        page: WritePage | None = None,
        resume: bool = False,
    ) -> None:
        self._folder, self._classes, self._page = Path(folder), tuple(classes), page
        self._geojson, self._rois, self._crops, self._overlays = geojson, rois, crops, overlays
        if rois:
            require_roifile()
        if not resume:
            clear(self._folder)
        self._kept = KeptFields(self._folder / WORK / "fields.jsonl", resume=resume)
        self._gallery = Gallery(self._folder / WORK, self._kept)
        self._stems = Stems()
        for field in self._kept:
            self._stems.of(field.name)

    @property
    def names(self) -> KeysView[str]:
        """Of the fields that are done; one that an earlier count has in its table and not here must be added again."""
        return self._kept.names

    def add(self, name: str, pixels: Pixels | None, cells: Sequence[Cell], *, cut: Cut | None = None) -> None:
        """Write a field's own files, and keep what the joint ones need.

        Args:
            name: of the field.
            pixels: of it, uint8 (h, w, 3), or what reads them when they are wanted
                (`hemascope.fields.outputs.pixels.Deferred`); None where it could not be read.
            cells: of it, in the order of the table; where it could not be read, one with the error.
            cut: cuts a cell out as the classifier saw it, for the crops; without, by its box.

        Raises:
            WriteError: one cannot be written.
        """
        name = printable(name)
        stem = self._stems.of(name)
        error = next((cell.error for cell in cells), "")
        cells = [cell for cell in cells if cell.kind]  # the others say what went wrong with the field
        if pixels is None:
            self._kept.add(Field(name, 0, 0, (), error or "not read"))
            return
        if self._geojson and placed(name) is None:
            geojson.write_geojson(self._folder / geojson.FOLDER / (stem + geojson.SUFFIX), cells, self._classes)
        if self._rois:
            rois.write_rois(self._folder / rois.FOLDER / (stem + rois.SUFFIX), cells, self._classes)
        if self._crops:
            crops.write_crops(self._folder, stem, pixels, cells, cut=cut)
        if self._overlays:
            drawn = overlays.overlay(pixels, cells, self._classes)
            save_jpeg(drawn, self._folder / overlays.FOLDER / (stem + overlays.SUFFIX), 90)
        height, width = pixels.shape[:2]
        field = Field(name, width, height, tuple(cells))
        self._gallery.add(field, pixels)
        self._kept.add(field)

    def close(
        self,
        differential: Differential | None = None,
        notes: Sequence[str] = (),
        downsamples: Mapping[str, float] | None = None,
    ) -> None:
        """Make the joint files: COCO, the GeoJSON of each slide, and the page.

        Args:
            differential: of all cells, for the page.
            notes: what else its reader must know, in sentences.
            downsamples: by the names of the slides, pixels of the largest level for one of their windows; 1 of others.

        Raises:
            WriteError: one cannot be written.
        """
        coco.write_coco(self._folder / coco.FILE_NAME, self._kept, self._classes)
        if self._geojson:
            self._write_slides(downsamples or {})
        if self._page is not None:
            self._page(self._folder / PAGE, self._gallery.shown(self._classes), differential, notes)

    def _write_slides(self, downsamples: Mapping[str, float]) -> None:
        """A GeoJSON a slide; the cells of one window at a time are in memory."""
        slides: dict[str, list[tuple[str, int, int]]] = {}
        for name in self._kept.names:
            if place := placed(name):
                slides.setdefault(place[0], []).append((name, *place[1:]))
        for slide, windows in slides.items():
            step = downsamples.get(slide, 1.0)
            moved = (geojson.on_slide(self._kept[name].cells, left, top, step) for name, left, top in windows)
            path = self._folder / geojson.FOLDER / (self._stems.of(slide) + geojson.SUFFIX)
            geojson.write_geojson(path, chain.from_iterable(moved), self._classes)

    def discard(self) -> None:
        """Remove what a resumed count would go on from: the last act, once all other files stand too."""
        shutil.rmtree(self._folder / WORK, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove what an earlier count has written or left in a folder, and nothing else.

    Raises:
        WriteError: it cannot be removed.
    """
    with writing(folder):
        shutil.rmtree(folder / WORK, ignore_errors=True)
        found = [path for pattern in _OURS for path in folder.glob(pattern)]
        for path in found:
            path.unlink()
        for empty in sorted({path.parent for path in found} - {folder}, reverse=True):
            with suppress(OSError):
                empty.rmdir()
        with suppress(OSError):
            (folder / crops.FOLDER).rmdir()
