"""Model file and labelled cells in, taught model file out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scipy import special

from hemascope.adapt.cells import read_labelled, read_unlabelled
from hemascope.adapt.choice import Choice
from hemascope.adapt.lesson import Observed, learn
from hemascope.adapt.next_cells import NextCells, choose
from hemascope.adapt.save import save_model
from hemascope.adapt.taught import Taught
from hemascope.adapt.views import features_of, taught_views
from hemascope.errors import ModelFileError
from hemascope.predict.classifier import Classifier
from hemascope.predict.unlike import mean_colours
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    import onnx


def teach(
    classifier: Classifier,
    original: onnx.ModelProto,
    labelled: str | Path,
    output: Path,
    *,
    unlabelled: Sequence[str] = (),
    zoom: Choice | None = None,
    to_label: Callable[[NextCells], None] | None = None,
    images: int,
    seed: int,
    threads: int,
    progress: Progress = SILENT,
) -> Taught:
    """Write a model file whose head fits the labelled cells of another laboratory, and new classes among them.

    Args:
        classifier: the model.
        original: its graph, which is not changed.
        labelled: where the labelled cells are.
        output: the new file; one there is replaced, whole or not at all.
        unlabelled: where other cells of the same laboratory are, which teach how alike its cells are.
        zoom: at which the model sees cells, where it was chosen by the unlabelled ones.
        to_label: given those of them that are to be labelled next.
        images: at most so many of the unlabelled, drawn by seed.
        seed: of draws and of the parts of the cross-validation.
        threads: images worked on at a time.
        progress: told of each step.

    Raises:
        ModelFileError: no memory, no linear head, taught before; or a file that would not be better, which
            is not written.
        SourceError: no such source, or too few labelled cells.
    """
    size = classifier.card.picture_side
    cells = read_labelled(labelled, classifier.classes, size, seed=seed, threads=threads, progress=progress)
    progress.step("looking at the labelled cells")
    unknown = None if classifier.unknown_threshold is None else classifier.unknown(cells.images)
    features = features_of(classifier, cells.images, taught_views(len(cells.images)))
    seen = Observed(features, unknown, mean_colours(cells.images))
    others, beside = None, None
    if unlabelled:
        others = read_unlabelled(
            list(unlabelled), images, size, seed=seed, threads=threads, without=cells, progress=progress
        )
        progress.step("looking at the unlabelled cells")
        beside = features_of(classifier, others.images)
    lesson = learn(
        classifier, original, seen, cells.labels,
        unlabelled=beside, errors=cells.errors, seed=seed, progress=progress,
    )  # fmt: skip
    if to_label is not None and others is not None and beside is not None:
        said = special.softmax(lesson.head.logits(beside[:, 0]) / lesson.temperature, axis=1)
        to_label(NextCells.of(others, choose(beside[:, 0], said, features[:, 0]), lesson.taught.classes, said))
    if not lesson.taught.better:
        raise ModelFileError(
            f"{output}: not written, because it would not be better: {lesson.taught.comparison}",
            "Label more cells, those that the model has wrong or doubts among them, or keep the model as it is.",
        )
    progress.step("writing the model file")
    save_model(lesson.model(original, str(classifier.path)), output)
    return lesson.taught if zoom is None else replace(lesson.taught, zoom=zoom)
