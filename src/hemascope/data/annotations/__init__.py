"""Fields of a smear whose cells are marked by boxes: what a detector is trained and scored on. Torch-free."""

from hemascope.data.annotations.fields import Annotations, LabelledField
from hemascope.data.annotations.open import open_annotations

__all__ = ["Annotations", "LabelledField", "open_annotations"]
