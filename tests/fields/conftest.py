"""A detector of squares, a classifier of colours, and fields of squares."""

from pathlib import Path

import pytest
from PIL import Image

from tests.fields.toy import draw_field, grid, write_detector
from tests.predict.model import write_model


@pytest.fixture(scope="session")
def detector_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_detector(tmp_path_factory.mktemp("detector") / "squares.onnx")


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "colours.onnx", unknown=0.99)


@pytest.fixture(scope="session")
def field_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three fields of 24 cells each, and a file that is none."""
    folder = tmp_path_factory.mktemp("fields")
    for number in range(3):
        Image.fromarray(draw_field(200, 260 + number, grid(200, 260))).save(folder / f"field_{number}.png")
    (folder / "field_3.png").write_bytes(b"no picture")
    return folder
