import json
from pathlib import Path

import numpy as np
import pytest

from hemascope.data.sources import open_source
from hemascope.evaluate.predictions import FILE_NAME, Predictions
from tests.predict.model import CLASSES, COLOURS, write_model

IMAGES = 12


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished Run, as far as a submission looks at it: coloured pictures and a model that names their colour."""
    folder = tmp_path_factory.mktemp("runs") / "colours"
    folder.mkdir()
    labels = np.arange(IMAGES) % 3
    colours = np.array([COLOURS[CLASSES[label]] for label in labels], np.uint8)
    images = np.broadcast_to(colours[:, None, None], (IMAGES, 40, 30, 3))
    np.savez(folder / "cells.npz", images=images, labels=labels, classes=np.array(CLASSES))
    rows = open_source(folder / "cells.npz")
    Predictions.build(rows, 8.0 * np.eye(3)[labels], classes=CLASSES).write(folder / FILE_NAME)
    write_model(folder / "model.onnx")
    (folder / "run.json").write_text(json.dumps({"format_version": 1}))
    return folder
