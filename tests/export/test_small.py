import numpy as np

import hemascope
from hemascope.data.decode import decode
from hemascope.data.smears import draw
from hemascope.export.small import write_int8
from hemascope.predict.shipped import DEFAULT, find


def test_a_third_of_the_size_and_the_same_classes(pbc, tmp_path):
    whole, small = find(DEFAULT), tmp_path / "small.onnx"
    write_int8(whole, [decode(path) for path in sorted((pbc / "train").glob("*/*"))[::150]], small, name="small")
    assert small.stat().st_size < 0.35 * whole.stat().st_size
    images = np.stack([decode(path) for path in sorted((pbc / "val").glob("*/*"))[::20]])
    expected, found = hemascope.load(whole).probabilities(images), hemascope.load(small).probabilities(images)
    assert (expected.argmax(1) == found.argmax(1)).mean() > 0.95
    assert np.abs(expected - found).mean() < 0.02
    card = hemascope.load(small).card
    assert (card.name, card.classes) == ("small", hemascope.load(whole).card.classes)


def test_pictures_of_any_size_calibrate(tmp_path):
    pictures = [draw(0, index, size).image for index, size in enumerate((40, 96, 120, 64))]
    write_int8(find(DEFAULT), [*pictures, pictures[0][:, 5:]], tmp_path / "small.onnx", name="small")
    assert hemascope.load(tmp_path / "small.onnx")(pictures[1]).label
