"""Whether to use an adapted file, in a sentence."""

from dataclasses import dataclass

import numpy as np

from hemascope.export.adapt.adaptation import Adaptation

SLIGHT = 0.10
"""Shift below which there is little to gain."""

FEWEST_CLASSES = 2.0
"""Effective number of classes below which a folder's cells are taken for its laboratory; a blood count has 2.8."""


@dataclass(frozen=True)
class Advice:
    """What to do with an adapted file.

    Attributes:
        use: whether it is likely to be better than the original.
        reason: why, a sentence.
    """

    use: bool
    reason: str


def effective_classes(shares: np.ndarray) -> float:
    """How many equally frequent classes are as diverse as these shares: exp of their entropy (Hill 1973).

    >>> round(effective_classes(np.array([0.5, 0.5, 0.0])), 3)
    2.0
    """
    present = shares[shares > 0]
    return float(np.exp(-(present * np.log(present)).sum()))


def advise(adaptation: Adaptation) -> Advice:
    """Weigh the shift and the mixture of classes.

    Confidence has no say: on images unlike its training's a network is often sure and wrong (Ovadia et al. 2019).
    """
    classes = max(effective_classes(shares) for shares in adaptation.shares)
    if classes < min(FEWEST_CLASSES, 0.75 * len(adaptation.classes)):
        return Advice(
            False,
            f"nearly all images look like one class or two ({classes:.1f} effective classes): what is theirs would be "
            "taken for the laboratory's. Give images of all classes",
        )
    if adaptation.shift < SLIGHT:
        return Advice(False, "the images are like those of the training, so there is little to gain")
    if adaptation.stain_varied:
        return Advice(
            False,
            "the training varied the stain, and such a model gained nothing where it was measured. Compare both files "
            "on images that you label",
        )
    return Advice(True, "the images differ from those of the training and hold several classes")
