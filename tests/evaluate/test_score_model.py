from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hemascope.data.manifest import Manifest
from hemascope.errors import SourceError
from hemascope.evaluate.predictions import softmax
from hemascope.evaluate.score_model import score_model
from tests.progress import Told


class ByRedness:
    """Calls an image red where red is its strongest colour; in float32, as a model file gives it."""

    classes = ("blue", "red")

    def __init__(self) -> None:
        self.batches: list[int] = []

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        assert images.dtype == np.uint8
        self.batches.append(len(images))
        means = images.reshape(len(images), -1, 3).mean(axis=1)[:, [2, 0]]
        return softmax(means / 50).astype(np.float32)


def images(folder: Path, labels: list[str], colours: list[tuple[int, int, int]], side=lambda i: 8) -> Manifest:
    paths = []
    for i, colour in enumerate(colours):
        paths.append(str(folder / f"{i}.png"))
        Image.new("RGB", (side(i), side(i)), colour).save(paths[-1])
    return Manifest.build(paths, labels, sorted({label for label in labels if label}), name="dots")


RED, BLUE = (200, 0, 0), (0, 0, 200)


def test_labels_are_joined_by_name(tmp_path):
    source = images(tmp_path, ["red", "blue", "red", "green", ""], [RED, BLUE, BLUE, RED, RED])
    predictions, _ = score_model(ByRedness(), source)
    assert predictions.classes == ("blue", "red")
    assert predictions.table["true"].tolist() == ["red", "blue", "red", "green"]
    assert predictions.targets.tolist() == [1, 0, 1, -1]
    assert predictions.table["label"].tolist() == ["red", "blue", "blue", "red"]
    assert predictions.splits == ("all",)


def test_probabilities_are_the_models_and_logits_those_before_its_temperature(tmp_path):
    source = images(tmp_path, ["red", "blue"], [RED, BLUE])
    predictions, _ = score_model(ByRedness(), source, temperature=2.0)
    assert predictions.probabilities[0] == pytest.approx(softmax(np.array([[0.0, 4.0]]))[0], rel=1e-5)
    assert predictions.logits[0, 1] - predictions.logits[0, 0] == pytest.approx(2.0 * 4.0, rel=1e-4)


def test_images_of_one_size_go_together_and_none_is_lost(tmp_path):
    model = ByRedness()
    labels, colours = ["red", "blue"] * 10, [RED, BLUE] * 10
    told = Told()
    predictions, _ = score_model(
        model, images(tmp_path, labels, colours, side=lambda i: 8 + i % 3), batch=5, progress=told
    )
    assert told.steps == [("scoring", 20)]
    assert sum(model.batches) == told.counts[-1] == 20
    assert max(model.batches) == 5
    assert predictions.table["label"].tolist() == labels


def test_an_unreadable_image_is_left_out_with_its_reason(tmp_path):
    source = images(tmp_path, ["red", "blue", "red"], [RED, BLUE, RED])
    (tmp_path / "1.png").write_bytes(b"no image")
    predictions, marked = score_model(ByRedness(), source)
    assert len(predictions) == 2
    assert marked.table["error"].iloc[1] != ""
    assert marked.table["error"].iloc[0] == ""


def test_sources_that_cannot_be_scored(tmp_path):
    with pytest.raises(SourceError, match=r"none of its 2 images has a label.*hemascope predict"):
        score_model(ByRedness(), images(tmp_path, ["", ""], [RED, BLUE]))
    with pytest.raises(SourceError, match=r"none of its classes \(cat, dog\) is one of the model's \(blue, red\)"):
        score_model(ByRedness(), images(tmp_path, ["cat", "dog"], [RED, BLUE]))
    with pytest.raises(SourceError, match=r"none of its images can be read.*gone\.png"):
        score_model(ByRedness(), Manifest.build([str(tmp_path / "gone.png")], ["red"], ["red"]))
