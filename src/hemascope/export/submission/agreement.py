"""Whether a submission says of each image what the Run's model says."""

from typing import NamedTuple

import numpy as np

from hemascope.errors import ModelFileError
from hemascope.evaluate.tta import TtaModel
from hemascope.predict.classifier import Classifier

TIE = 1e-5
"""Two classes whose probabilities differ by less are a tie: the order of additions decides it."""


class Agreement(NamedTuple):
    """How often two classifiers say the same.

    Attributes:
        images: how many were compared.
        same: how many got the same class.
        ties: how many did not, but were a tie.
    """

    images: int
    same: int
    ties: int


def require_agreement(classes: np.ndarray, images: np.ndarray, classifier: Classifier, views: int) -> Agreement:
    """Compare a submission's class numbers with those of the model, averaged over the same views.

    Args:
        classes: int (n,), the submission's; images beyond the first m are these over again.
        images: uint8 (m, h, w, 3), those that the first m class numbers are of.
        classifier: the Run's model.
        views: positions in which every image is judged.

    Raises:
        ModelFileError: an image gets another class without being a tie.
    """
    expected = TtaModel(classifier, views).probabilities(images)
    rows = np.arange(len(classes)) % len(images)
    said = expected[rows, classes]
    best = expected.max(axis=1)[rows]
    same = classes == expected.argmax(axis=1)[rows]
    ties = ~same & (best - said < TIE)
    wrong = int((~same & ~ties).sum())
    if wrong:
        raise ModelFileError(
            f"the submission gives {wrong:,} of {len(classes):,} images another class than the model does",
            "Report this with the versions of numpy and onnxruntime; do not submit it.",
        )
    return Agreement(len(classes), int(same.sum()), int(ties.sum()))
