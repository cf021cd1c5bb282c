"""A boosted network is one model file like any other."""

from pathlib import Path

import numpy as np
import torch
from sklearn.tree import DecisionTreeClassifier

from hemascope.export.graph import write_model
from hemascope.export.parity import compare
from hemascope.models.boosted import Boosted, TreeVotes, Vote
from hemascope.models.network import Network, create_network
from hemascope.predict.card import ModelCard
from hemascope.train.boosting.features import as_tensors, features_of

CLASSES = ("a", "b", "c")
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 20, 24, 3)).astype(np.uint8)


def network(seed: int) -> Network:
    torch.manual_seed(seed)
    return create_network("vanilla_cnn", classes=3, input_size=16, pretrained=False).eval()


def trees() -> Network:
    made = network(0)
    features = features_of(made, IMAGES[:, :16, :16])
    targets = np.arange(40) % 3
    grown = [DecisionTreeClassifier(max_depth=d, random_state=d).fit(features, targets) for d in (1, 3, 4)]
    made.head = TreeVotes(as_tensors(grown, features.std(0), 3), Vote([1.0, 2.0, 1.5]))
    return made.eval()


def test_the_model_file_says_what_networks_and_trees_vote(tmp_path: Path) -> None:
    boosted = Boosted([network(1), trees()], [2.0, 1.5], "classes").eval()
    card = ModelCard(name="boosted", classes=CLASSES, input_size=16, temperature=0.7)
    write_model(boosted, card, tmp_path / "model.onnx")
    parity = compare(boosted, 0.7, tmp_path / "model.onnx", list(IMAGES))
    assert parity.difference < 1e-4
    assert parity.agreement == 1
