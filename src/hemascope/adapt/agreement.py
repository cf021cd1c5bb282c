"""A head fitted to unlabelled cells: what it says of one should not depend on how it lies.

Of cells as it learnt them a network says the same however they are turned; of another laboratory's often not, and the
mean over some views is right more often than one view is. The head is fitted to that mean (`hemascope.adapt.teach`),
so that one look gives what many would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from hemascope.adapt.choice import DIVERSITY, effective_classes
from hemascope.adapt.head import Head, find_head
from hemascope.adapt.memory import Memory, read_memory
from hemascope.adapt.teach import Fitter
from hemascope.errors import ModelFileError
from hemascope.predict.card import ModelCard

if TYPE_CHECKING:
    import onnx

METHOD = "head fitted to what it says of unlabelled cells in the mean of some turned views"

LEAST = 0.05
"""Share of turned views called otherwise than the cell as it is, below which the head stays: at home it is 0.01."""

_TEMPERATURES = (0.2, 20.0)  # others are never chosen


@dataclass(frozen=True)
class Agreement:
    """A head for a laboratory's cells, and why.

    Attributes:
        head: the new one; None where the old one stays.
        temperature: divides its logits before the softmax.
        reason: why, a clause.
        differing: share of the views that are called otherwise than the cell as it is, before and after; None where it
            was not looked at.
        probabilities: of the cells as they are, by the new head, float32 (n, k); None where the old one stays.
    """

    head: Head | None
    temperature: float
    reason: str
    differing: tuple[float, float] | None = None
    probabilities: np.ndarray | None = None

    @property
    def sentence(self) -> str:
        """What was done, and why."""
        return f"{'The head stays' if self.head is None else 'The head was fitted'}: {self.reason}."


def agree(head: Head, memory: Memory, features: np.ndarray) -> Agreement:
    """Fit a head to unlabelled cells, guarded against agreement that means nothing.

    Args:
        head: of the model, calibrated.
        memory: of the classes that it was trained on.
        features: float32 (n, v, d), of v views of each cell, the first as it is.
    """
    before = differing(head, features)

    def stays(reason: str) -> Agreement:
        return Agreement(None, 1.0, reason, (before, before))

    if before < LEAST:
        return stays(f"the model calls {1 - before:.0%} of these cells the same however they are turned")
    none = np.arange(0)
    new = Fitter(head, len(head.bias), features[:0], none, memory, unlabelled=features).fit(none)
    labels = [one.logits(features[:, 0]).argmax(axis=1) for one in (head, new)]
    if effective_classes(labels[1]) < DIVERSITY * effective_classes(labels[0]):
        return stays("one that calls turned cells the same would take them for fewer classes")
    after = differing(new, features)
    reason = f"{before:.0%} of turned cells were called otherwise than the cell as it is, and {after:.0%} are now"
    temperature = _temperature(head, new, features)
    return Agreement(new, temperature, reason, (before, after), new.at(temperature).probabilities(features[:, 0]))


def held(model: onnx.ModelProto, card: ModelCard, path: str) -> tuple[Head, Memory] | str:
    """The head of a model that may be fitted to unlabelled cells, and what holds it; or why there is none, a clause."""
    if "labelled" in card.adapted:
        return "it was taught by labelled cells"
    if METHOD in card.adapted.get("method", ""):
        return "it was fitted to unlabelled cells before"
    try:
        head, memory = find_head(model, path), read_memory(model, path)
    except ModelFileError as problem:
        return problem.problem.removeprefix(f"{path}: ")
    if memory is None or memory.features.shape[1] != head.weight.shape[1]:
        return "the file carries no memory of its classes that would hold it"
    return head, memory


def differing(head: Head, features: np.ndarray) -> float:
    """Share of the views, but the first, that a head calls otherwise than the first; features (n, v, d).

    >>> head = Head(np.array([[1.0], [-1.0]]), np.zeros(2))
    >>> differing(head, np.array([[[2.0], [1.0], [-1.0]], [[2.0], [1.0], [1.0]]]))
    0.25
    """
    n, views, d = features.shape
    labels = head.logits(features.reshape(-1, d)).argmax(axis=1).reshape(n, views)
    return float((labels[:, 1:] != labels[:, :1]).mean())


def _temperature(old: Head, new: Head, features: np.ndarray) -> float:
    """That which makes a new head as sure of the cells as the old one is in the mean over their views."""
    each = special.softmax(old.logits(features.reshape(-1, features.shape[2])), axis=1)
    wanted = each.reshape(*features.shape[:2], -1).mean(axis=1).max(axis=1).mean()
    logits = new.logits(features[:, 0])

    def surer(log_t: float) -> float:
        return float(special.softmax(logits * np.exp(-log_t), axis=1).max(axis=1).mean() - wanted)

    low, high = np.log(_TEMPERATURES)
    if surer(low) < 0 or surer(high) > 0:
        return _TEMPERATURES[0] if surer(low) < 0 else _TEMPERATURES[1]
    return float(np.exp(optimize.brentq(surer, low, high)))
