import numpy as np
import pytest
from PIL import Image

from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError
from hemascope.evaluate.pseudo.pixels import labelled_pixels


def test_only_what_has_a_known_label_and_can_be_read(tmp_path):
    for i in range(4):
        Image.fromarray(np.full((20, 30, 3), 50 * i, np.uint8)).save(tmp_path / f"{i}.png")
    (tmp_path / "3.png").write_bytes(b"broken")
    labels = ["light", "dark", "other", "dark"]
    source = Manifest.build([str(tmp_path / f"{i}.png") for i in range(4)], labels, ("dark", "light", "other"))
    images, targets = labelled_pixels(source, ("dark", "light"), side=28)
    assert images.shape == (2, 28, 28, 3)
    assert images[:, 0, 0, 0].tolist() == [0, 50]
    assert targets.tolist() == [1, 0]
    with pytest.raises(SourceError, match="none of its images"):
        labelled_pixels(source, ("else",))
