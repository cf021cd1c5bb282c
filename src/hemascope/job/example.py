"""An image to try a finished Run's model on."""

from pathlib import Path

import numpy as np
from PIL import Image

from hemascope.files import atomic
from hemascope.job.parts import evaluated_part, mask, some_images
from hemascope.train.run import Run


def example_image(run: Run) -> Path:
    """An evaluated image as a file, to try the model on: the original where it is a file, else a copy in the Run."""
    manifest = run.manifest()
    name = evaluated_part(manifest)
    row = manifest.rows(np.flatnonzero(mask(manifest, name))[:1])
    if row.table["member"].iloc[0] == "":
        return Path(row.table["path"].iloc[0])
    path = run.folder / "example.png"
    with atomic(path) as temporary:
        Image.fromarray(some_images(row, name)[0]).save(temporary)
    return path
