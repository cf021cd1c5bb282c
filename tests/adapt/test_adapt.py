import html
from pathlib import Path

import numpy as np
import onnx
import pytest

import hemascope
from hemascope.adapt import adapt as job
from hemascope.adapt.adapt import FEWEST, Adaptation, adapt, advise, read_folder
from hemascope.errors import ModelFileError, SourceError
from hemascope.predict.classifier import Classifier
from tests.adapt.model import CLASSES, SIZE, some_images, write_images, write_model
from tests.told import Told


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
        adapt(model, cells, tmp_path / name, images=35, threads=1)
    first, second = (onnx.load(tmp_path / name) for name in ("a.onnx", "b.onnx"))
    assert list(first.graph.initializer) == list(second.graph.initializer)


def test_one_folder_may_be_given_as_it_is_and_a_notebook_shows_what_changed(
    tmp_path: Path, model: Path, cells: list[str]
) -> None:
    found = adapt(model, Path(cells[0]), str(tmp_path / "a.onnx"), threads=1)
    assert found.images == 40
    shown = found._repr_html_()
    assert f"40 images, shift {found.shift:.2f}" in shown
    assert "Mean confidence" in shown
    assert f"Platelet</td><td>{found.shares[0][2]:.1%}</td><td>{found.shares[1][2]:.1%}</td>" in shown
    assert html.escape(found.advice.sentence) in shown
    assert found.advice == advise(found)


def test_progress_names_reading_and_adapting(tmp_path: Path, model: Path, cells: list[str]) -> None:
    told = Told()
    adapt(model, cells, tmp_path / "a.onnx", threads=1, progress=told)
    assert ("reading images", 40, 40) in told.counts
    assert told.counts[-1] == ("adapting", 40, 40)


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

    def fail(path: Path, **options: int) -> Classifier:
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


def test_images_are_framed_and_their_order_depends_on_the_seed_alone(tmp_path: Path) -> None:
    folder = [str(write_images(tmp_path / "cells", 40))]
    first, again, other = (read_folder(folder, SIZE, limit=100, seed=seed).images for seed in (0, 0, 1))
    assert first.shape == (40, SIZE, SIZE, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(np.sort(first.sum((1, 2, 3))), np.sort(other.sum((1, 2, 3))))


def test_no_more_than_the_limit_from_all_over_the_folder(tmp_path: Path) -> None:
    folder = [str(write_images(tmp_path / "cells", 60))]
    told = Told()
    found = read_folder(folder, SIZE, limit=FEWEST, threads=2, progress=told)
    assert len(found.images) == FEWEST
    assert told.counts[-1] == ("reading images", FEWEST, FEWEST)
    everything = read_folder(folder, SIZE, limit=60).images
    sums = everything.sum((1, 2, 3)).tolist()
    assert all(value in sums for value in found.images.sum((1, 2, 3)))


def test_unreadable_images_are_left_out_and_told(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "cells", 40)
    (folder / "broken.png").write_bytes(b"no picture")
    found = read_folder([str(folder)], SIZE, limit=100)
    assert len(found.images) == 40
    assert len(found.errors) == 1
    assert "broken.png" in found.errors[0]


def test_too_few_are_refused(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "cells", FEWEST - 1)
    (folder / "broken.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"31 readable images.*at least 32; first of 1 unreadable: .*broken\.png"):
        read_folder([str(folder)], SIZE, limit=100)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such source"):
        read_folder([str(tmp_path / "nowhere")], SIZE, limit=100)


def test_confidence_agreement_and_shares() -> None:
    before = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]], np.float32)
    after = np.array([[0.9, 0.1], [0.3, 0.7], [0.1, 0.9], [0.7, 0.3]], np.float32)
    found = Adaptation(("a", "b"), 4, [], 0.5, 0.2, before, after)
    np.testing.assert_allclose(found.confidence, (0.75, 0.8), atol=1e-6)
    assert found.agreement == 0.75
    assert [shares.tolist() for shares in found.shares] == [[0.75, 0.25], [0.5, 0.5]]
