"""Images drawn from a folder and classified at several zooms."""

from pathlib import Path

import numpy as np
import pytest

from hemascope import load
from hemascope.adapt.seen import FEWEST, see
from hemascope.errors import SourceError
from hemascope.predict.classifier import Classifier
from tests.adapt.model import write_images, write_model
from tests.told import Told

ZOOMS = (0.8, 1.0, 1.5)


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return load(write_model(tmp_path / "m.onnx"), threads=2)


def in_order(found: np.ndarray) -> np.ndarray:
    return found[:, np.argsort(found[1, :, 0])]


def test_probabilities_by_zoom_and_an_order_that_depends_on_the_seed_alone(
    tmp_path: Path, classifier: Classifier
) -> None:
    folder = [str(write_images(tmp_path / "cells", 40))]
    first, again, other = (see(classifier, folder, ZOOMS, limit=100, seed=seed).probabilities for seed in (0, 0, 1))
    assert first.shape == (3, 40, 3)
    np.testing.assert_allclose(first.sum(axis=2), 1, atol=1e-5)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(in_order(first), in_order(other))
    assert np.abs(first[0] - first[1]).max() > 1e-4


def test_no_more_than_the_limit_from_all_over_the_folder(tmp_path: Path, classifier: Classifier) -> None:
    folder = [str(write_images(tmp_path / "cells", 60))]
    told = Told()
    found = see(classifier, folder, ZOOMS, limit=FEWEST, progress=told).probabilities
    assert found.shape[1] == FEWEST
    assert told.counts[-1] == ("looking at several zooms", FEWEST, FEWEST)
    everything = see(classifier, folder, ZOOMS, limit=60).probabilities[1, :, 0].tolist()
    assert all(value in everything for value in found[1, :, 0].tolist())
    assert found[1, :, 0].tolist() != everything[:FEWEST]


def test_unreadable_images_are_left_out_and_told(tmp_path: Path, classifier: Classifier) -> None:
    folder = write_images(tmp_path / "cells", 40)
    (folder / "broken.png").write_bytes(b"no picture")
    found = see(classifier, [str(folder)], ZOOMS, limit=100)
    assert found.probabilities.shape[1] == 40
    assert len(found.errors) == 1
    assert "broken.png" in found.errors[0]


def test_too_few_are_refused(tmp_path: Path, classifier: Classifier) -> None:
    folder = write_images(tmp_path / "cells", FEWEST - 1)
    (folder / "broken.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"31 readable images.*at least 32; first of 1 unreadable: .*broken\.png"):
        see(classifier, [str(folder)], ZOOMS, limit=100)


def test_a_folder_that_is_not_there(tmp_path: Path, classifier: Classifier) -> None:
    with pytest.raises(SourceError, match="there is no such source"):
        see(classifier, [str(tmp_path / "nowhere")], ZOOMS, limit=100)
