"""What the classifier says of one image."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from hemascope.cells import colours, title
from hemascope.predict.attributes import phrase

if TYPE_CHECKING:
    from hemascope.predict.classifier import Classifier


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one image.

    Attributes:
        label: the most probable class; "" where the image could not be read.
        confidence: its calibrated probability, 0 .. 1.
        probabilities: class -> probability, in the card's order; they sum to 1.
        error: why the image could not be read, "" where it could.
        unknown: how little the picture is like the classes' cells, 0 .. 1; None where the model file does not tell.
        is_unknown: whether that is above the card's threshold, so that probably no class fits; None as before.
        attributes: what is seen of the cell, attribute -> value, those that the model is sure of. Empty where they were
            not asked for, and for classes whose attributes it has not learnt (`hemascope.predict.attributes`).
    """

    label: str
    confidence: float
    probabilities: dict[str, float] = field(default_factory=dict)
    error: str = ""
    unknown: float | None = None
    is_unknown: bool | None = None
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def appearance(self) -> str:
        """The attributes in a few words, such as "segmented nucleus, fine pink granules"; "" without any."""
        return phrase(self.attributes)

    @classmethod
    def of(
        cls,
        classes: Sequence[str],
        probabilities: np.ndarray,
        unknown: float | None = None,
        threshold: float | None = None,
        attributes: dict[str, str] | None = None,
    ) -> "Prediction":
        """From one row of probabilities, float32 (k,), the score of unknown objects with its threshold, and attributes.

        >>> Prediction.of(("monocyte", "platelet"), np.array([0.25, 0.75])).label
        'platelet'
        """
        top = int(probabilities.argmax())
        values = dict(zip(classes, probabilities.tolist(), strict=True))
        flag = None if unknown is None or threshold is None else unknown > threshold
        label = classes[top]
        return cls(label, values[label], values, unknown=unknown, is_unknown=flag, attributes=attributes or {})

    def _repr_html_(self) -> str:
        from hemascope.predict.html import bars

        if self.error:
            return f"<p>Not read: {escape(self.error)}</p>"
        doubt = " (probably none of these)" if self.is_unknown else ""
        inks = colours(tuple(self.probabilities))
        shares = zip(self.probabilities.items(), inks, strict=True)
        lines = [(name, share, ink, f"{share:.3f}") for (name, share), ink in shares]
        seen = f"<p>{escape(self.appearance)}</p>" if self.appearance else ""
        return f"<p><b>{escape(title(self.label))}</b>{doubt}</p>{seen}" + bars(lines)


def appearances(classifier: "Classifier", images: Sequence[np.ndarray]) -> list[str]:
    """What is seen of cells in a few words, one an image uint8 (h, w, 3); "" where nothing is said."""
    if classifier.vocabulary is None:
        return [""] * len(images)
    return [found.appearance for found in classifier(list(images), attributes=True)]
