"""A model file's score of unknown objects, replaced by one that knows more clusters."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import hemascope
from hemascope.cells import BLOOD_CLASSES
from hemascope.data.smears import draw
from hemascope.errors import ModelFileError
from hemascope.export.graph import write_model
from hemascope.export.unknown import levels_of_file, with_unknown
from hemascope.models.network import create_network
from hemascope.models.unknown import UnknownScore
from hemascope.predict.card import ModelCard
from hemascope.train.unknown import fit_head, fit_space, scores_of, set_scale
from tests.predict.model import write_model as write_colours


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = create_network("tf_efficientnet_lite0", classes=8, input_size=64).eval()
    score = UnknownScore(1584, 64, 8).eval()
    for value in (score.plain_mean, score.threshold, score.centre, score.variance):
        value.fill_(0.7)  # the exporter leaves out what changes nothing
    card = ModelCard("test", BLOOD_CLASSES, 64, unknown={"threshold": 0.5})
    write_model(network, card, path := tmp_path_factory.mktemp("model") / "model.onnx", score)
    return path


def test_another_score_takes_the_place_of_the_first(model: Path, tmp_path: Path) -> None:
    images = np.stack([draw(0, number, 64).image for number in range(96)])
    graph = onnx.load(model)
    features = levels_of_file(graph)(images)
    assert features.shape == (96, 1584)
    targets = np.arange(96) % 12  # more clusters than the eight classes
    score = fit_space(features, targets, np.arange(96) % 12 < 8)
    fit_head(score, features[:64], features[64:])
    set_scale(score, features[:48], features[48:])
    onnx.save(with_unknown(graph, score.eval()), tmp_path / "new.onnx")
    old, new = hemascope.load(model), hemascope.load(tmp_path / "new.onnx")
    np.testing.assert_allclose(new.unknown(images), scores_of(score, features), atol=1e-3)
    assert np.abs(new.unknown(images) - old.unknown(images)).max() > 0.1
    np.testing.assert_array_equal(new.probabilities(images), old.probabilities(images))


def test_a_file_without_a_score_is_refused(tmp_path: Path) -> None:
    path = write_colours(tmp_path / "model.onnx")
    with pytest.raises(ModelFileError, match="no score of unknown objects"):
        levels_of_file(onnx.load(path))
