from pathlib import Path

import numpy as np
import onnx
import pytest

import hemascope
from hemascope.errors import ModelFileError, SourceError
from hemascope.export.adapt import job
from hemascope.export.adapt.job import adapt
from tests.export.adapt.model import CLASSES, SIZE, some_images, write_images, write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model.onnx")


@pytest.fixture
def cells(tmp_path: Path) -> list[str]:
    return [str(write_images(tmp_path / "cells", 40))]


def test_the_adapted_file_is_a_model_file_with_the_same_card_and_what_was_done(
    tmp_path: Path, model: Path, cells: list[str]
) -> None:
    output = tmp_path / "new" / "adapted.onnx"
    found = adapt(model, cells, output, prior=10, threads=1)
    original, adapted = hemascope.load(model), hemascope.load(output)
    assert adapted.classes == CLASSES
    done = adapted.card.adapted
    assert (done["source"], done["images"]) == (original.digest, 40)
    assert {"shift", "method", "date"} <= done.keys()
    assert adapted.card.scores == original.card.scores
    assert adapted.card.temperature == 1.5
    assert found.images == 40
    assert found.weight == 0.8
    assert found.before.shape == found.after.shape == (40, 3)
    assert 0 <= found.agreement <= 1
    images = some_images(3)
    assert np.abs(adapted.probabilities(images) - original.probabilities(images)).max() > 1e-4


def test_the_same_seed_gives_the_same_file(tmp_path: Path, model: Path, cells: list[str]) -> None:
    for name in ("a.onnx", "b.onnx"):
        adapt(model, cells, tmp_path / name, limit=35, threads=1)
    first, second = (onnx.load(tmp_path / name) for name in ("a.onnx", "b.onnx"))
    assert list(first.graph.initializer) == list(second.graph.initializer)


def test_progress_names_reading_and_adapting(tmp_path: Path, model: Path, cells: list[str]) -> None:
    told: list[tuple[str, int, int]] = []
    adapt(model, cells, tmp_path / "a.onnx", threads=1, progress=lambda *state: told.append(state))
    assert ("reading", 40, 40) in told
    assert told[-1] == ("adapting", 40, 40)


def test_outputs_that_cannot_be_are_refused(tmp_path: Path, model: Path, cells: list[str]) -> None:
    before = model.read_bytes()
    for output, why in ((tmp_path, "is a folder"), (tmp_path / "a.bin", "ends in"), (model, "would be lost")):
        with pytest.raises(ModelFileError, match=why):
            adapt(model, cells, output)
    assert model.read_bytes() == before


def test_models_that_cannot_be_adapted_are_refused(tmp_path: Path, model: Path, cells: list[str]) -> None:
    old = write_model(tmp_path / "old.onnx", stored={})
    with pytest.raises(ModelFileError, match="carries no statistics"):
        adapt(old, cells, tmp_path / "a.onnx")
    adapt(model, cells, tmp_path / "once.onnx", threads=1)
    with pytest.raises(ModelFileError, match="adapted already"):
        adapt(tmp_path / "once.onnx", cells, tmp_path / "twice.onnx")
    assert not (tmp_path / "twice.onnx").exists()


def test_too_few_images_leave_nothing(tmp_path: Path, model: Path) -> None:
    few = str(write_images(tmp_path / "few", 5))
    with pytest.raises(SourceError, match="at least 32"):
        adapt(model, [few], tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def test_a_failure_while_writing_keeps_the_former_file(
    tmp_path: Path, model: Path, cells: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "a.onnx"
    output.write_bytes(b"former")
    real = job.load

    def fail(path: Path, **options: int) -> hemascope.predict.classifier.Classifier:
        if Path(path) != model:
            raise RuntimeError
        return real(path, **options)

    monkeypatch.setattr(job, "load", fail)
    with pytest.raises(RuntimeError):
        adapt(model, cells, output, threads=1)
    assert output.read_bytes() == b"former"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "cells", "model.onnx"]


def test_images_are_framed_to_the_cards_size(model: Path) -> None:
    assert hemascope.load(model).card.input_size == SIZE
