"""A model as an adapted file of it would be, without writing one: at another zoom, with another head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hemascope.adapt.head import FEATURES, PROBABILITIES, Head
from hemascope.adapt.zoom import at_zoom
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier


class Variant(Classifier):
    """A classifier that shares another's network.

    Args:
        classifier: the other.
        zoom: in front of the other's own, see `hemascope.adapt.zoom.with_zoom`.
        head: in the place of the other's; its temperature is in it.
        card: where not the other's with the zoom; its classes are the head's.
    """

    def __init__(
        self, classifier: Classifier, *, zoom: float = 1, head: Head | None = None, card: ModelCard | None = None
    ) -> None:
        card = card or zoomed(classifier.card, zoom)
        super().__init__(classifier._session, card, classifier.path, classifier.threads, classifier.device)
        self._zoom, self._head = zoom, head

    def _run(self, outputs: tuple[str, ...], images: np.ndarray) -> list[np.ndarray]:
        if self._zoom != 1:
            images = at_zoom(images, self._zoom)
        if self._head is None or PROBABILITIES not in outputs:
            return super()._run(outputs, images)
        wanted = tuple(dict.fromkeys(FEATURES if name == PROBABILITIES else name for name in outputs))
        found = dict(zip(wanted, super()._run(wanted, images), strict=True))
        found[PROBABILITIES] = self._head.probabilities(found[FEATURES])
        return [found[name] for name in outputs]


def zoomed(card: ModelCard, zoom: float) -> ModelCard:
    """The card of a model with a zoom in front of its own.

    >>> zoomed(ModelCard("m", ("a", "b"), 8, adapted={"zoom": 1.5}), 1.2).zoom
    1.8
    """
    if zoom == 1:
        return card
    adapted = {**card.adapted, "zoom": round(card.zoom * zoom, 6)}
    return replace(card, adapted=adapted, confusion={})  # which was measured without
