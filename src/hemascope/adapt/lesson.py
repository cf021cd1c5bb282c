"""A lesson: what a model's head learns of some labelled cells, and what that is worth. No files, no tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from hemascope.adapt.head import Head, find_head, with_head
from hemascope.adapt.memory import Memory, read_memory
from hemascope.adapt.metadata import set_card
from hemascope.adapt.taught import Taught
from hemascope.adapt.teach import HOLD, RIDGE, ROUNDS, Fitter, fit_temperature, sets_of
from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier
from hemascope.predict.differential.confusion import Confusion
from hemascope.predict.unlike import describe
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    import onnx

FEWEST = 5
"""Labelled cells below which nothing is learnt; of a new class, too."""

MOST = 500
"""Labelled cells that are used at the most: more are worth a training."""

METHOD = "head refitted to labelled cells, held by features of the former training's images"
CONFUSED = "labelled cells of the laboratory, by cross-validation"
_FLAGGED = 0.05  # share of the labelled cells that the score of unknown objects may flag


@dataclass(frozen=True)
class Observed:
    """What a model makes of the labelled cells, a row each.

    Attributes:
        features: float32 (n, v, d), of v views of each, the first as it is (`hemascope.adapt.views`).
        unknown: its score of unknown objects, float32 (n,); None where it has none.
        colours: float64 (n, 3), from `hemascope.predict.unlike.mean_colours`.
    """

    features: np.ndarray
    unknown: np.ndarray | None
    colours: np.ndarray


@dataclass(frozen=True)
class Lesson:
    """What was learnt.

    Attributes:
        taught: what it is worth.
        head: the new one.
        temperature: divides its logits before the softmax.
        card: of the model with it, which says so.
    """

    taught: Taught
    head: Head
    temperature: float
    card: ModelCard

    def model(self, original: onnx.ModelProto, path: str = "model file") -> onnx.ModelProto:
        """A copy of the model that it was learnt by, with the new head and card."""
        model = with_head(original, self.head, self.temperature, path)
        set_card(model, self.card)
        return model


def learn(
    classifier: Classifier,
    original: onnx.ModelProto,
    seen: Observed,
    labels: Sequence[str],
    *,
    unlabelled: np.ndarray | None = None,
    errors: Sequence[str] = (),
    keep: bool = True,
    hold: float = HOLD,
    ridge: float = RIDGE,
    rounds: int = ROUNDS,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Lesson:
    """Refit the head to labelled cells of another laboratory, new classes among them.

    Args:
        classifier: the model.
        original: its graph, which is not changed.
        seen: the cells, no copies among them.
        labels: class names, one a cell; those that the model does not know are new.
        unlabelled: features of cells of the same laboratory without labels, float32 (m, v, d), none of the labelled
            ones among them: what the head says of one should not depend on how it is turned.
        errors: why others could not be read.
        keep: stay able to tell the classes of which there is no label; else they are forgotten, and a memory is not
            needed.
        hold, ridge, rounds: see `hemascope.adapt.teach.Fitter`.
        seed: of the parts of the cross-validation.
        progress: told of each step.

    Raises:
        ModelFileError: no memory, no linear head, or taught before.
    """
    path = str(classifier.path)
    if "labelled" in classifier.card.adapted:
        raise ModelFileError(
            f"{path}: it was taught already, so that its former labels would count for right answers",
            "Teach the original file with all labels, the former and the new.",
        )
    head, memory = find_head(original, path), read_memory(original, path)
    if memory is None and not keep:
        memory = Memory(classifier.classes, np.zeros(0, np.int64), seen.features[:0, 0])
    if memory is None:
        raise ModelFileError(
            f"{path}: it carries no memory of its classes, and would forget those that are not labelled",
            "Files of an older hemascope have none: export the Run anew with hemascope train --resume RUN.",
        )
    if memory.classes != classifier.classes or memory.features.shape[1] != head.weight.shape[1]:
        raise ModelFileError(f"{path}: its memory does not fit its classes and features", "Export the Run anew.")
    known = classifier.classes
    if not keep:
        known, head, memory = _reduced(known, head, memory, set(labels))
    classes = (*known, *sorted(set(labels) - set(known)))
    targets = np.array([classes.index(label) for label in labels])
    before = (
        head.grown(len(classes))
        if known
        else Head(np.zeros((len(classes), seen.features.shape[2])), np.zeros(len(classes)))
    )
    fitter = Fitter(
        before, len(known), seen.features, targets, memory,
        unlabelled=unlabelled, hold=hold, ridge=ridge, rounds=rounds,
    )  # fmt: skip
    unseen = fitter.unseen(seed, progress)
    new = fitter.fit(np.arange(len(targets)))
    temperature = fit_temperature(unseen, targets)
    card, flagged = _card(classifier, seen, classes, targets, unseen, temperature)
    taught = Taught(
        classes,
        len(known),
        targets,
        before.logits(seen.features[:, 0])[:, : len(known) or None].argmax(axis=1),
        unseen.argmax(axis=1),
        tuple(_remembered(one, memory) for one in (head, new)),
        flagged,
        list(errors),
        0 if unlabelled is None else len(unlabelled),
    )
    done: dict[str, Any] = {
        "source": classifier.digest,
        "images": len(targets),
        **({"unlabelled": taught.unlabelled} if taught.unlabelled else {}),
        "method": "; then ".join(filter(None, (classifier.card.adapted.get("method"), METHOD))),
        "date": date.today().isoformat(),
        "labelled": {name: int((targets == number).sum()) for number, name in enumerate(classes)},
        "before": _score(taught.before),
        "after": _score(taught.after),
    }
    return Lesson(taught, new, temperature, replace(card, adapted={**classifier.card.adapted, **done}))


def _reduced(
    known: tuple[str, ...], head: Head, memory: Memory, wanted: set[str]
) -> tuple[tuple[str, ...], Head, Memory]:
    """What a file knows of some of its classes."""
    rows = np.array([number for number, name in enumerate(known) if name in wanted], np.int64)
    names = tuple(known[number] for number in rows)
    own = np.isin(memory.targets, rows)
    targets = np.searchsorted(rows, memory.targets[own])
    return names, Head(head.weight[rows], head.bias[rows]), Memory(names, targets, memory.features[own])


def _remembered(head: Head, memory: Memory) -> float:
    """Share of the remembered images that a head calls their class; 1 where none are."""
    if not len(memory.targets):
        return 1.0
    return float((head.logits(memory.features).argmax(axis=1) == memory.targets).mean())


def _score(score: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), score, strict=True))


def _card(
    classifier: Classifier,
    seen: Observed,
    classes: tuple[str, ...],
    targets: np.ndarray,
    unseen: np.ndarray,
    temperature: float,
) -> tuple[ModelCard, tuple[float, float] | None]:
    """The card with what follows from the labelled cells, and the share of them flagged as unknown, before and after.

    What they are too few to tell is left out: colours, prediction sets of a high coverage.
    """
    card = classifier.card
    unknown, flagged, flags = dict(card.unknown), None, None
    if seen.unknown is not None and classifier.unknown_threshold is not None:
        old = classifier.unknown_threshold
        threshold = max(old, float(np.quantile(seen.unknown, 1 - _FLAGGED, method="higher")))
        flags = seen.unknown > threshold
        flagged = float((seen.unknown > old).mean()), float(flags.mean())
        unknown = {**unknown, "threshold": threshold, "rate": flagged[1], "images": len(seen.unknown)}
    conformal: dict[str, Any] = {}
    if card.conformal:
        probabilities = special.softmax(unseen / temperature, axis=1)
        levels, masses = sets_of(probabilities, targets, tuple(card.conformal.get("levels", ())))
        method = "adaptive sets of cross-validated probabilities; coverage not measured"
        conformal = {"levels": levels, "masses": masses, "images": len(targets), "method": method} if levels else {}
    more = (len(classes) - len(card.classes)) * (seen.features.shape[2] + 1)
    changed = replace(
        card,
        classes=classes,
        parameters=max(0, card.parameters + more),
        temperature=temperature,
        unknown=unknown,
        conformal=conformal,
        confusion=Confusion.of(targets, unseen.argmax(axis=1), len(classes), flags, CONFUSED).as_card(),
        look=describe(seen.colours, targets, len(classes)) if card.look else {},
    )
    return changed, flagged
