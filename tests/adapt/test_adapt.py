import html
from pathlib import Path

import numpy as np
import onnx
import pytest

import hemascope
from hemascope.adapt import adapt as job
from hemascope.adapt import save
from hemascope.adapt.adapt import adapt
from hemascope.adapt.choice import CONFIDENCE, PIXEL_SIZE, Choice
from hemascope.adapt.metadata import set_card
from hemascope.adapt.zoom import frame_at
from hemascope.errors import ModelFileError, SourceError
from hemascope.predict.pixels import pixels
from tests.adapt.model import CLASSES, SIZE, some_images, write_images, write_model
from tests.told import Told


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "model.onnx")


@pytest.fixture
def cells(tmp_path: Path) -> list[str]:
    return [str(write_images(tmp_path / "cells", 40))]


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The zoom that is chosen, 1.3, whatever the images; it may be changed."""
    zooms = [1.3]
    monkeypatch.setattr(
        job, "choose", lambda found, tried: Choice(zooms[0], tuple(tried), (0.5,) * len(tried), "of the test")
    )
    return zooms


def test_the_adapted_file_sees_pictures_at_the_zoom_and_its_card_says_what_was_done(
    tmp_path: Path, model: Path, cells: list[str], chosen: list[float]
) -> None:
    output = tmp_path / "new" / "adapted.onnx"
    found = adapt(model, cells, output, threads=1)
    original, adapted = hemascope.load(model), hemascope.load(output)
    assert adapted.classes == CLASSES
    done = adapted.card.adapted
    assert (done["source"], done["images"], done["zoom"], done["method"]) == (original.digest, 40, 1.3, CONFIDENCE)
    assert "date" in done
    assert adapted.card.zoom == found.zoom == 1.3
    assert adapted.card.scores == original.card.scores
    assert adapted.card.temperature == 1.5
    assert original.card.confusion
    assert adapted.card.confusion == {}  # at the new zoom it is not measured
    assert found.images == 40
    assert found.before.shape == found.after.shape == (40, 3)
    images = some_images(3)
    expected = original.probabilities(with_zoom_by_hand(images))
    np.testing.assert_allclose(adapted.probabilities(images), expected, atol=1e-6)
    assert np.abs(expected - original.probabilities(images)).max() > 1e-4


def with_zoom_by_hand(images: np.ndarray) -> np.ndarray:
    """The middle 9 x 9 of pictures of 12 x 12: the network of these tests takes any size."""
    return images[:, 1:10, 1:10]


def test_what_is_compared_is_what_the_files_say(
    tmp_path: Path, model: Path, cells: list[str], chosen: list[float]
) -> None:
    found = adapt(model, cells, tmp_path / "a.onnx", threads=1)
    pictures = [pixels(path) for path in sorted(Path(cells[0]).iterdir())]
    for zoom, probabilities in ((1, found.before), (1.3, found.after)):
        framed = np.stack([frame_at(picture, SIZE, zoom) for picture in pictures])
        expected = hemascope.load(model).probabilities(framed)
        np.testing.assert_allclose(np.sort(probabilities, axis=0), np.sort(expected, axis=0), atol=1e-6)


def test_without_a_better_zoom_the_file_classifies_as_the_original_does(
    tmp_path: Path, model: Path, cells: list[str], chosen: list[float]
) -> None:
    chosen[0] = 1
    adapt(model, cells, tmp_path / "a.onnx", threads=1)
    original, adapted = onnx.load(model), onnx.load(tmp_path / "a.onnx")
    assert adapted.graph == original.graph
    card = hemascope.load(tmp_path / "a.onnx").card
    assert card.adapted["zoom"] == 1
    assert card.confusion == hemascope.load(model).card.confusion


def test_a_file_with_a_zoom_gets_another_in_its_place(
    tmp_path: Path, model: Path, cells: list[str], chosen: list[float]
) -> None:
    first = adapt(model, cells, tmp_path / "once.onnx", threads=1)
    chosen[0] = 0.85
    second = adapt(tmp_path / "once.onnx", cells, tmp_path / "twice.onnx", threads=1)
    np.testing.assert_array_equal(first.before, second.before)
    adapt(model, cells, tmp_path / "other.onnx", threads=1)
    twice, other = (onnx.load(tmp_path / name) for name in ("twice.onnx", "other.onnx"))
    assert twice.graph == other.graph
    assert hemascope.load(tmp_path / "twice.onnx").card.adapted["method"] == CONFIDENCE


def test_what_was_done_to_the_file_before_stays_on_its_card(
    tmp_path: Path, model: Path, cells: list[str], chosen: list[float]
) -> None:
    file = onnx.load(model)
    set_card(file, job.replace(hemascope.load(model).card, adapted={"method": "by hand", "more": 3}))
    onnx.save(file, model)
    adapt(model, cells, tmp_path / "a.onnx", threads=1)
    adapt(tmp_path / "a.onnx", cells, tmp_path / "b.onnx", threads=1)
    done = hemascope.load(tmp_path / "b.onnx").card.adapted
    assert done["method"] == f"by hand; then {CONFIDENCE}"
    assert done["more"] == 3


def learnt_from(model: Path, micrometres: float) -> None:
    """Have its card say of how many micrometres the square was."""
    file, card = onnx.load(model), hemascope.load(model).card
    set_card(file, job.replace(card, data={**card.data, "micrometres": micrometres}))
    onnx.save(file, model)


def test_a_pixel_size_tells_the_zoom_whatever_the_model_says(
    tmp_path: Path, model: Path, cells: list[str], chosen: list[float]
) -> None:
    learnt_from(model, 20.0)
    adapt(model, cells, tmp_path / "surest.onnx", threads=1)  # 1.3
    side = min(pixels(next(Path(cells[0]).iterdir())).shape[:2])
    found = adapt(tmp_path / "surest.onnx", cells, tmp_path / "a.onnx", pixel_size=30 / side, threads=1)
    adapted = hemascope.load(tmp_path / "a.onnx")
    assert (found.zoom, adapted.card.zoom, adapted.card.adapted["method"]) == (1.5, 1.5, PIXEL_SIZE)
    assert found.choice.zooms == (1, 1.5)
    assert found.choice.sentence == "Zoom 1.5: pictures of 30 µm are shown as the 20 µm that it learnt from."
    images = some_images(3)
    expected = hemascope.load(model).probabilities(images[:, 2:10, 2:10])
    np.testing.assert_allclose(adapted.probabilities(images), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("pixel_size", "why"),
    [(np.nan, "no pixel is nan"), (0.0, "no pixel is 0 µm"), (80.0, "makes these pictures 960 µm wide")],
)
def test_a_pixel_size_that_cannot_be(
    tmp_path: Path, model: Path, cells: list[str], pixel_size: float, why: str
) -> None:
    learnt_from(model, 20.0)
    with pytest.raises(SourceError, match=why):
        adapt(model, cells, tmp_path / "a.onnx", pixel_size=pixel_size, threads=1)
    with pytest.raises(SourceError, match="there are none"):
        adapt(model, None, tmp_path / "a.onnx", labelled=cells[0], pixel_size=0.1, threads=1)
    assert not (tmp_path / "a.onnx").exists()


def test_a_model_that_does_not_say_how_much_it_saw_has_no_zoom_by_pixel_size(
    tmp_path: Path, model: Path, cells: list[str]
) -> None:
    with pytest.raises(ModelFileError, match=r"model\.onnx: its card does not say how many micrometres"):
        adapt(model, cells, tmp_path / "a.onnx", pixel_size=0.1, threads=1)


def test_the_same_seed_gives_the_same_file(tmp_path: Path, model: Path, cells: list[str]) -> None:
    for name in ("a.onnx", "b.onnx"):
        adapt(model, cells, tmp_path / name, images=35, threads=1)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_one_folder_may_be_given_as_it_is_and_a_notebook_shows_what_changed(
    tmp_path: Path, model: Path, cells: list[str]
) -> None:
    found = adapt(model, Path(cells[0]), str(tmp_path / "a.onnx"), threads=1)
    assert found.images == 40
    shown = found._repr_html_()
    assert f"40 images, zoom {found.zoom:g}" in shown
    assert "Mean confidence" in shown
    assert f"Platelet</td><td>{found.shares[0][2]:.1%}</td><td>{found.shares[1][2]:.1%}</td>" in shown
    assert html.escape(found.choice.sentence) in shown


def test_progress_names_what_is_done(tmp_path: Path, model: Path, cells: list[str]) -> None:
    told = Told()
    adapt(model, cells, tmp_path / "a.onnx", threads=1, progress=told)
    assert told.counts[-1] == ("looking at several zooms", 40, 40)


def test_outputs_that_cannot_be_are_refused(tmp_path: Path, model: Path, cells: list[str]) -> None:
    before = model.read_bytes()
    for output, why in ((tmp_path, "is a folder"), (tmp_path / "a.bin", "ends in"), (model, "would be lost")):
        with pytest.raises(ModelFileError, match=why):
            adapt(model, cells, output)
    assert model.read_bytes() == before


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

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(save, "load", fail)
    with pytest.raises(RuntimeError):
        adapt(model, cells, output, threads=1)
    assert output.read_bytes() == b"former"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "cells", "model.onnx"]
