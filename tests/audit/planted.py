"""A folder of drawn cells with problems planted in it, for the tests of the whole audit."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import draw


def plant(folder: Path, n: int = 96) -> Path:
    """Cells in class folders; one file cut short, one copied within its class, one copied under another label."""
    for index in range(n):
        path = folder / BLOOD_CLASSES[index % len(BLOOD_CLASSES)] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(draw(0, index).image)).save(path)
    shutil.copy(folder / "basophil" / "0.png", folder / "basophil" / "copy.png")
    shutil.copy(folder / "monocyte" / "5.png", folder / "platelet" / "disputed.png")
    cut = folder / "lymphocyte" / "4.png"
    cut.write_bytes(cut.read_bytes()[:200])
    return folder
