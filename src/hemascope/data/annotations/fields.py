from pathlib import Path
from typing import NamedTuple
import numpy as np
class LabelledField(NamedTuple):
    name: str
    path: Path
    boxes: np.ndarray
    kinds: np.ndarray
    annotated: tuple
    source: str = ""
