"""A head fitted to unlabelled cells in turned views."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

import hemascope
from hemascope.adapt.adapt import adapt
from hemascope.adapt.agreement import METHOD, agree
from hemascope.adapt.head import Head
from hemascope.adapt.memory import Memory
from tests.adapt.labelled_cells import write_remembering
from tests.adapt.model import SIZE, write_model

HEAD = Head(np.array([[4.0, 3.0], [-4.0, -3.0]]), np.zeros(2))
"""It looks at what tells two classes apart, and at what a turn changes."""

MEMORY = Memory(("a", "b"), np.array([0, 1]), np.array([[2.0, 0.0], [-2.0, 0.0]], np.float32))


def cells(turning: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Features (n, 4, 2): the first is the class and a little noise, the second changes by so much with every view."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, n)
    own = np.where(targets == 0, 1.0, -1.0) + rng.normal(0, 0.3, n)
    views = rng.normal(0, turning, (n, 4))
    return np.stack([np.repeat(own[:, None], 4, axis=1), views], axis=2).astype(np.float32), targets


def right(head: Head, features: np.ndarray, targets: np.ndarray) -> float:
    return float((head.logits(features[:, 0]).argmax(axis=1) == targets).mean())


def test_the_head_no_longer_looks_at_what_turns() -> None:
    features, targets = cells(1.5)
    found = agree(HEAD, MEMORY, features)
    assert found.head is not None
    assert found.differing is not None
    before, after = found.differing
    assert before > 0.1
    assert after < before / 2
    assert right(HEAD, features, targets) < 0.9
    assert right(found.head, features, targets) > 0.96
    assert found.sentence == (
        f"The head was fitted: {before:.0%} of turned cells were called otherwise than the cell as it is, and "
        f"{after:.0%} are now."
    )
    each = np.exp(HEAD.logits(features.reshape(-1, 2)))
    mean = (each / each.sum(axis=1, keepdims=True)).reshape(200, 4, 2).mean(axis=1)
    sure = found.head.at(found.temperature).probabilities(features[:, 0])
    assert sure.max(axis=1).mean() == pytest.approx(mean.max(axis=1).mean(), abs=1e-3)


def test_where_turned_cells_are_called_the_same_the_head_stays() -> None:
    found = agree(HEAD, MEMORY, cells(0.05)[0])
    assert found.head is None
    assert found.sentence.startswith("The head stays: the model calls 100% of these cells the same")


def test_where_classes_would_be_lost_the_head_stays() -> None:
    features, _ = cells(3.0)
    features[:, :, 0] = 0.4  # all of one class: the views alone told them apart
    found = agree(HEAD, Memory(("a", "b"), MEMORY.targets, MEMORY.features), features)
    assert found.head is None
    assert "fewer classes" in found.reason


def looks_at_rows(model: Path) -> Path:
    """A model file that now sees bright and dark rows, which a turn makes columns, and calls cells by them."""
    file = onnx.load(model)
    rows = np.random.default_rng(1).normal(size=(4, 3, 1, 1)) * np.array([-1, 2, -1])[:, None] * np.ones((3, 3)) / 2
    classes = np.zeros((5, 3))
    classes[2, 0], classes[4, 1] = 3, 1
    values = {"net.first.weight": rows, "head.weight": classes}
    for tensor in file.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values[tensor.name].astype("f4"), tensor.name))
    onnx.save(file, model)
    return model


def striped(folder: Path, model: Path, n: int = 40) -> Path:
    """Pictures of bright and dark rows that a model calls otherwise when they are turned."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    images = rng.normal(rng.integers(60, 190, (1000, 1, 1, 3)), 10, (1000, SIZE, SIZE, 3))
    images[:, ::2] += rng.integers(-90, 90, (1000, 1, 1, 3))
    pictures = np.clip(images, 0, 255).astype(np.uint8)
    said = [hemascope.load(model).probabilities(seen).argmax(axis=1) for seen in (pictures, pictures.swapaxes(1, 2))]
    for number in np.flatnonzero(said[0] != said[1])[:n]:
        Image.fromarray(pictures[number]).save(folder / f"{number:03d}.png")
    return folder


def test_the_file_has_the_head_once_and_says_so(tmp_path: Path) -> None:
    model = looks_at_rows(write_remembering(tmp_path / "model.onnx"))
    folder = striped(tmp_path / "cells", model)
    found = adapt(model, folder, tmp_path / "a.onnx", threads=1)
    assert found.turned.head is not None
    assert found.turned.differing is not None
    assert found.turned.differing[1] < found.turned.differing[0]
    assert found.rows[-1] == ("Same label when turned", *(f"{1 - share:.1%}" for share in found.turned.differing))
    assert found.lines[-1] == found.turned.sentence
    adapted = hemascope.load(tmp_path / "a.onnx")
    assert adapted.card.adapted["method"].endswith(METHOD)
    assert adapted.card.confusion == {}
    said = adapted.probabilities(np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]))
    np.testing.assert_allclose(np.sort(said, axis=0), np.sort(found.after, axis=0), atol=1e-5)
    again = adapt(tmp_path / "a.onnx", folder, tmp_path / "b.onnx", threads=1)
    assert again.turned.reason == "it was fitted to unlabelled cells before"


def test_a_file_without_a_memory_keeps_its_head(tmp_path: Path) -> None:
    model = looks_at_rows(write_model(tmp_path / "old.onnx"))
    found = adapt(model, striped(tmp_path / "cells", model), tmp_path / "a.onnx", threads=1)
    assert found.turned.reason == "the file carries no memory of its classes that would hold it"
