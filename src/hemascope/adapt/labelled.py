"""Model file and labelled cells in, taught model file out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from hemascope.adapt.cells import Cells, read_labelled, read_unlabelled
from hemascope.adapt.head import find_head, with_head
from hemascope.adapt.memory import read_memory
from hemascope.adapt.metadata import set_card
from hemascope.adapt.next_cells import choose, write_list
from hemascope.adapt.taught import Taught
from hemascope.adapt.teach import Fitter, fit_temperature, sets_of
from hemascope.errors import ModelFileError
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.unlike import describe, mean_colours
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    import onnx

METHOD = "head refitted to labelled cells, held by features of the former training's images"
_FLAGGED = 0.05  # share of the labelled cells that the score of unknown objects may flag


def teach(
    classifier: Classifier,
    original: onnx.ModelProto,
    labelled: str | Path,
    output: Path,
    *,
    unlabelled: Sequence[str] = (),
    to_label: Path | None = None,
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
        unlabelled: where cells are of which some are to be labelled next.
        to_label: the list of those, CSV.
        images: at most so many of the unlabelled, drawn by seed.
        seed: of draws and of the parts of the cross-validation.
        threads: images worked on at a time.
        progress: told of each step.

    Raises:
        ModelFileError: no memory, no linear head, taught before; or a file that would not be better, which
            is not written.
        SourceError: no such source, or too few labelled cells.
    """
    path = str(classifier.path)
    if "labelled" in classifier.card.adapted:
        raise ModelFileError(
            f"{path}: it was taught already, so that its former labels would count for right answers",
            "Teach the original file with all labels, the former and the new.",
        )
    head, memory = find_head(original, path), read_memory(original, path)
    if memory is None:
        raise ModelFileError(
            f"{path}: it carries no memory of its classes, and would forget those that are not labelled",
            "Files of an older hemascope have none: export the Run anew with hemascope train --resume RUN.",
        )
    if memory.classes != classifier.classes or memory.features.shape[1] != head.weight.shape[1]:
        raise ModelFileError(f"{path}: its memory does not fit its classes and features", "Export the Run anew.")
    known, size = classifier.classes, classifier.card.picture_side
    cells = read_labelled(labelled, known, size, seed=seed, threads=threads, progress=progress)
    classes = (*known, *sorted(set(cells.labels) - set(known)))
    targets = np.array([classes.index(label) for label in cells.labels])
    progress.step("looking at the labelled cells")
    features = classifier.features(cells.images)
    fitter = Fitter(head.grown(len(classes)), len(known), features, targets, memory)
    unseen = fitter.unseen(seed, progress)
    new = fitter.fit(np.arange(len(targets)))
    temperature = fit_temperature(unseen, targets)
    if to_label is not None:
        others = read_unlabelled(
            list(unlabelled), images, size, seed=seed, threads=threads, without=cells.names, progress=progress
        )
        theirs = classifier.features(others.images)
        said = special.softmax(new.logits(theirs) / temperature, axis=1)
        write_list(to_label, others, choose(theirs, said, features), classes, said)
    card, flagged = _card(classifier, cells, classes, targets, unseen, temperature)
    card = replace(card, parameters=card.parameters + (len(classes) - len(known)) * (features.shape[1] + 1))
    taught = Taught(
        classes,
        len(known),
        targets,
        head.logits(features).argmax(axis=1),
        unseen.argmax(axis=1),
        tuple(float((one.logits(memory.features).argmax(axis=1) == memory.targets).mean()) for one in (head, new)),
        flagged,
        cells.errors,
    )
    if not taught.better:
        raise ModelFileError(
            f"{output}: not written, because it would not be better: {taught.comparison}",
            "Label more cells, those that the model has wrong or doubts among them, or keep the model as it is.",
        )
    done: dict[str, Any] = {
        "source": classifier.digest,
        "images": len(targets),
        "method": "; then ".join(filter(None, (classifier.card.adapted.get("method"), METHOD))),
        "date": date.today().isoformat(),
        "labelled": {name: int((targets == number).sum()) for number, name in enumerate(classes)},
        "before": _score(taught.before),
        "after": _score(taught.after),
    }
    model = with_head(original, new, temperature, path)
    set_card(model, replace(card, adapted={**classifier.card.adapted, **done}))
    progress.step("writing the model file")
    with atomic(output) as temporary:
        import onnx

        onnx.save(model, temporary)
        load(temporary, threads=threads)  # refused here rather than where it is used
    return taught


def _score(score: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), score, strict=True))


def _card(
    classifier: Classifier,
    cells: Cells,
    classes: tuple[str, ...],
    targets: np.ndarray,
    unseen: np.ndarray,
    temperature: float,
) -> tuple[ModelCard, tuple[float, float] | None]:
    """The card with what follows from the labelled cells, and the share of them flagged as unknown, before and after.

    What they are too few to tell is left out: colours, prediction sets of a high coverage.
    """
    card = classifier.card
    unknown, flagged = dict(card.unknown), None
    if classifier.unknown_threshold is not None:
        scores = classifier.unknown(cells.images)
        old = classifier.unknown_threshold
        threshold = max(old, float(np.quantile(scores, 1 - _FLAGGED, method="higher")))
        flagged = float((scores > old).mean()), float((scores > threshold).mean())
        unknown = {"threshold": threshold, "rate": flagged[1], "images": len(scores), "method": unknown["method"]}
    conformal: dict[str, Any] = {}
    if card.conformal:
        probabilities = special.softmax(unseen / temperature, axis=1)
        levels, masses = sets_of(probabilities, targets, tuple(card.conformal.get("levels", ())))
        method = "adaptive sets of cross-validated probabilities; coverage not measured"
        conformal = {"levels": levels, "masses": masses, "images": len(targets), "method": method} if levels else {}
    changed = replace(
        card,
        classes=classes,
        temperature=temperature,
        unknown=unknown,
        conformal=conformal,
        look=describe(mean_colours(cells.images), targets, len(classes)) if card.look else {},
    )
    return changed, flagged
