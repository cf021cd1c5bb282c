"""Training the detector: it learns, and a training that was ended goes on to the same weights."""

import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from hemascope.data.decode import decode
from hemascope.errors import HemascopeError
from hemascope.export.detector import write_detector
from hemascope.train.detector.fit import LAST, fit_network
from hemascope.train.detector.recipe import DetectorRecipe
from tests.train.detector.drawn import drawn_field

QUICK = DetectorRecipe(
    epochs=2, views=20, size=96, batch_size=4, red_widths=(18, 30), red_width=24, ema=0.8, learning_rate=3e-3
)


def test_ended_after_an_epoch_it_goes_on_to_the_same_weights_and_finds_cells(tmp_path: Path) -> None:
    fields = [drawn_field(tmp_path, str(number), seed=number) for number in range(4)]
    again = tmp_path / "again"
    again.mkdir()
    losses: list[float] = []

    def keep(row: dict[str, float]) -> None:
        losses.append(row["train_loss"])
        if row["epoch"] == 1:
            shutil.copy(tmp_path / LAST, again)  # what a training that is ended here leaves

    whole = fit_network(QUICK, fields, tmp_path, on_epoch=keep)
    assert losses[1] < 0.8 * losses[0]
    resumed = fit_network(QUICK, fields, again)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(tensor, resumed.state_dict()[name], rtol=0, atol=0)

    path = tmp_path / "detector.onnx"
    write_detector(whole, "{}", path)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    boxes, kinds, scores = session.run(None, {"field": decode(fields[0].path), "scale": np.array(1, np.float32)})
    assert (np.diff(scores) <= 0).all()
    red = boxes[kinds == 1][:2]
    truth = fields[0].boxes[fields[0].kinds == 1]
    nearest = np.abs(red[:, None] - truth[None]).max(2).min(1)
    assert nearest.min() < 6
    twice = np.kron(decode(fields[0].path), np.ones((2, 2, 1), np.uint8))
    larger, _, _ = session.run(None, {"field": twice, "scale": np.array(0.5, np.float32)})
    assert np.abs(larger - 2 * boxes[0]).max(axis=1).min() < 6
    for shape in ((1, 1), (17, 300)):
        found = session.run(None, {"field": np.zeros((*shape, 3), np.uint8), "scale": np.array(1, np.float32)})
        assert found[0].shape[1] == 4


def test_without_fields_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(HemascopeError, match="no fields"):
        fit_network(QUICK, [], tmp_path)


def test_an_augmentation_that_moves_cells_out_of_their_boxes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"augment\.zoom"):
        DetectorRecipe.model_validate({"augment": {"zoom": 1.5}})
