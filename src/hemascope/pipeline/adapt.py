"""Adapting from top to bottom: the model file, and the list and the sheet of the cells to label next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.adapt import adapt as job
from hemascope.adapt.adaptation import Adaptation
from hemascope.errors import SourceError
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    from hemascope.adapt.next_cells import NextCells
    from hemascope.adapt.taught import Taught

SHEET = ".html"
"""What the sheet's name ends in; the rest is the list's."""


def adapt(
    model: str | Path,
    unlabelled: str | Path | Sequence[str | Path] | None = None,
    output: str | Path = "adapted.onnx",
    *,
    labelled: str | Path | None = None,
    to_label: str | Path | None = None,
    pixel_size: float | None = None,
    images: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Adaptation | Taught:
    """Write a model file that fits another laboratory: by a zoom for its unlabelled images, or by some labelled cells.

    Without labels it sees their pictures at the zoom at which it knows the cells best, and its head is fitted to what
    it says of them in the mean of some turned views, where these differ.

    Args:
        model: a model file, a Run folder or a shipped model's name. The zoom of one that has one is chosen anew.
        unlabelled: a folder or file of images of cells, or several, as they come.
        output: the new file; one there is replaced, whole or not at all.
        labelled: a source of some labelled cells of the laboratory, 5 to 500: the head is refitted to them instead
            (`hemascope.adapt.lesson.learn`), helped by the unlabelled ones where there are any.
        to_label: a CSV to write: which of the unlabelled cells to label next. Beside it, under the same name, is a
            page (.html) with their pictures, on which they can be labelled.
        pixel_size: of the unlabelled images, micrometres, where it is known: it tells the zoom in place of the model's
            confidence. The model's card must say how many micrometres it learnt from, as those of shipped models do.
        images: at most so many of the unlabelled, drawn by seed; where not given, 200 choose a zoom and 400
            help labelled ones.
        seed: of the draw.
        threads: one a core where not given.
        device: where the network runs, as of `hemascope.load`.
        progress: told of the images that the network has seen.

    Returns:
        What changed, and in ``lines`` why.

    Raises:
        ModelFileError: a file that cannot be used; an output that cannot be written, or that would be no better than
            the model by the labelled cells.
        SourceError: too few readable images.
        DeviceError: the device is not there, or fails.
    """
    listed = None if to_label is None else Path(to_label)
    if listed is not None and listed.suffix == SHEET:
        raise SourceError(f"{listed}: the sheet is written there", f"Name the list: {listed.with_suffix('.csv')}")

    def write(cells: NextCells) -> None:
        from hemascope.adapt.next_cells import write_list
        from hemascope.report.label_sheet import write_sheet

        assert listed is not None
        write_list(listed, cells)
        write_sheet(listed.with_suffix(SHEET), cells, listed.name)

    return job.adapt(
        model,
        unlabelled,
        output,
        labelled=labelled,
        to_label=None if listed is None else write,
        pixel_size=pixel_size,
        images=images,
        seed=seed,
        threads=threads,
        device=device,
        progress=progress,
    )
