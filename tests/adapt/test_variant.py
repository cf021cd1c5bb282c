"""A model at another zoom and with another head is what a file of these would be."""

from pathlib import Path

import numpy as np
import onnx

import hemascope
from hemascope.adapt.head import find_head
from hemascope.adapt.variant import Variant
from hemascope.adapt.zoom import with_zoom
from tests.adapt.model import some_images, write_model


def test_a_zoom_before_a_file_s_own(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model.onnx")
    onnx.save(with_zoom(onnx.load(model), 1.3), tmp_path / "zoomed.onnx")
    images, plain = some_images(4), hemascope.load(model, threads=1)
    same = Variant(plain, zoom=1.3)
    assert same.card.zoom == 1.3
    np.testing.assert_allclose(
        same.probabilities(images), hemascope.load(tmp_path / "zoomed.onnx").probabilities(images), atol=1e-5
    )
    twice = Variant(Variant(plain, zoom=1.5), zoom=1.2)
    assert twice.card.zoom == 1.8


def test_a_head_of_its_own(tmp_path: Path) -> None:
    plain = hemascope.load(write_model(tmp_path / "model.onnx"), threads=1)
    head, images = find_head(onnx.load(plain.path)), some_images(3)
    np.testing.assert_allclose(Variant(plain, head=head).probabilities(images), plain.probabilities(images), atol=1e-6)
    flat = Variant(plain, head=head.at(1e9))
    np.testing.assert_allclose(flat.probabilities(images), 1 / 3, atol=1e-6)
    both = flat.run_all(images)
    np.testing.assert_array_equal(both[1], plain.features(images))
    assert flat(images[0]).label in plain.classes
