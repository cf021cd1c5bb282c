"""What the audit sees in an image: features of an ImageNet network, and whether it shows a cell at all."""

from functools import lru_cache
from pathlib import Path

from hemascope.predict.classifier import Classifier, load

CLASSES = ("cell", "junk", "blank")
"""What the embedded network tells apart; scripts/train_auditor.py makes it."""

SIZE = 96
"""Side of the images that it sees, in pixels."""


@lru_cache
def auditor() -> Classifier:
    """The embedded network: a Classifier of `CLASSES` whose features come from several depths."""
    return load(Path(__file__).parent / "weights" / "auditor.onnx")
