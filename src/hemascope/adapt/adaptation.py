"""What adapting to unlabelled cells found, in numbers, in sentences, and as a model file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from hemascope.adapt.agreement import METHOD as TURNED
from hemascope.adapt.agreement import Agreement
from hemascope.adapt.choice import CONFIDENCE, PIXEL_SIZE, Choice
from hemascope.adapt.head import with_head
from hemascope.adapt.metadata import set_card
from hemascope.adapt.zoom import with_zoom
from hemascope.cells import title
from hemascope.predict.card import ModelCard
from hemascope.shown import paragraphs, table

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class Adaptation:
    """What adapting did; a notebook shows it as the classes before and after.

    Attributes:
        classes: names of the k classes.
        images: how many were used.
        errors: why others could not be read.
        choice: the zoom, with the mean confidence at each that was tried.
        turned: whether the head was fitted to turned views of the images, and why.
        before, after: probabilities of the used images as the original sees them without a zoom, and by the new file,
            float32 (images, k).
    """

    classes: tuple[str, ...]
    images: int
    errors: list[str]
    choice: Choice
    turned: Agreement
    before: np.ndarray
    after: np.ndarray

    @property
    def zoom(self) -> float:
        """The zoom of the file that was written; 1 is none."""
        return self.choice.zoom

    @property
    def confidence(self) -> tuple[float, float]:
        """Mean probability of the label, before and after."""
        return float(self.before.max(axis=1).mean()), float(self.after.max(axis=1).mean())

    @property
    def agreement(self) -> float:
        """Share of the images that keep their label."""
        return float((self.before.argmax(axis=1) == self.after.argmax(axis=1)).mean())

    @property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Share of each class among the labels, before and after, float64 (k,)."""
        k = len(self.classes)
        before, after = (np.bincount(p.argmax(axis=1), minlength=k) / self.images for p in (self.before, self.after))
        return before, after

    @property
    def heading(self) -> str:
        """How many images there were, and the zoom."""
        return f"{self.images:,} images, zoom {self.zoom:g}"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What changed, in words: name, before and after."""
        shares = ((title(name), *values) for name, *values in zip(self.classes, *self.shares, strict=True))
        differing = self.turned.differing
        numbers = [("Mean confidence", *self.confidence), *shares]
        return [
            *((name, f"{before:.1%}", f"{after:.1%}") for name, before, after in numbers),
            ("Same label", "", f"{self.agreement:.1%}"),
            *((("Same label when turned", *(f"{1 - share:.1%}" for share in differing)),) if differing else ()),
        ]

    @property
    def lines(self) -> list[str]:
        """What was left out, and what was chosen and why, in sentences."""
        unread = [f"Left out, because unreadable: {len(self.errors):,}, first {self.errors[0]}"] if self.errors else []
        return [*unread, self.choice.sentence, self.turned.sentence]

    def model(
        self, original: onnx.ModelProto, card: ModelCard, digest: str, path: str = "model file"
    ) -> onnx.ModelProto:
        """A copy of a model with the zoom, the head and a card that says so.

        Args:
            original: what it was found for.
            card: of that.
            digest: SHA-256 of its file.
            path: what errors call it.

        Raises:
            ModelFileError: as `hemascope.adapt.zoom.with_zoom`.
        """
        model, head = with_zoom(original, self.zoom, path), self.turned.head
        if head is not None:
            model = with_head(model, head, self.turned.temperature)
        changed = replace(
            card,
            adapted=_done(card, digest, self.images, self.choice, self.turned),
            # Measured at the original's zoom and head alone.
            confusion=card.confusion if self.zoom == card.zoom and head is None else {},
            temperature=card.temperature if head is None else self.turned.temperature,
        )
        set_card(model, changed)
        return model

    def _repr_html_(self) -> str:
        return table(["", "Before", "After"], self.rows, self.heading) + paragraphs(self.lines)


def methods(card: ModelCard) -> list[str]:
    """What was done to a model before, but for a zoom, which is chosen anew."""
    done = str(card.adapted.get("method", "")).split("; then ")
    return [name for name in done if name not in ("", CONFIDENCE, PIXEL_SIZE)]


def _done(card: ModelCard, digest: str, images: int, choice: Choice, turned: Agreement) -> dict[str, object]:
    """What the card says, after what it says of an earlier adapting by other means."""
    return {
        **card.adapted,
        "source": digest,
        "images": images,
        "zoom": choice.zoom,
        "method": "; then ".join([*methods(card), choice.method, *([] if turned.head is None else [TURNED])]),
        "date": date.today().isoformat(),
    }
