import numpy as np
import pytest

import hemascope
from hemascope.cli import main
from hemascope.predict.card import ModelCard
from hemascope.predict.predict import predict
from hemascope.predict.unlike import FEWEST, LIMIT, Look, describe, mean_colours
from tests.predict.model import CLASSES, COLOURS, write_model
from tests.predict.pictures import write_folder

MEANS = np.array([[200, 160, 175], [230, 195, 185]])
SPREAD = np.array([6.0, 8.0, 4.0])


def cells(n, seed=0, classes=(0, 1)):
    """Colours of images of two classes, and the classes."""
    rng = np.random.default_rng(seed)
    targets = rng.choice(classes, n)
    return MEANS[targets] + rng.normal(size=(n, 3)) * SPREAD, targets


def card(**more):
    return ModelCard("m", ("a", "b"), 8, look=describe(*cells(500), 2), **more)


def look(colours, called, of=None):
    found = Look(of or card())
    found.add(colours, np.eye(2)[called])
    return found


def test_the_colour_is_that_of_the_square_that_the_network_sees():
    image = np.zeros((1, 40, 100, 3), np.uint8)
    image[:, :, 30:70] = (10, 20, 30)
    assert mean_colours(image).tolist() == [[10, 20, 30]]
    noise = np.random.default_rng(0).integers(0, 256, (2, 200, 200, 3), np.uint8)
    np.testing.assert_allclose(mean_colours(noise), noise.mean(axis=(1, 2)), atol=8)


def test_a_card_tells_the_mean_of_each_class_and_the_spread_within():
    about = describe(*cells(4000), 3)
    np.testing.assert_allclose(about["colours"][:2], MEANS, atol=0.6)
    np.testing.assert_allclose(about["covariance"], np.diag(SPREAD**2), atol=3)
    np.testing.assert_allclose(about["colours"][2], cells(4000)[0].mean(axis=0), atol=0.01)  # a class without an image
    assert about["images"] == 4000
    colours, targets = cells(100)
    assert describe(colours, np.r_[targets[:50], np.full(50, -1)], 2)["images"] == 50
    assert describe(colours[:20], targets[:20], 2) == {}


@pytest.mark.parametrize("classes", [(0,), (1,), (0, 1)])
def test_more_images_of_the_laboratory_are_not_unlike_whatever_their_mixture(classes):
    for seed in range(50):
        found = look(*cells(FEWEST, seed + 1, classes))
        assert found.score < LIMIT
        assert found.unlike() is None


def test_another_stain_is_unlike_and_the_message_says_what_it_means():
    colours, called = cells(200, 1)
    moved = look(colours + 6 * SPREAD, called, card(data={"name": "pbc"}, conformal={"levels": [0.9]}))
    assert moved.score == pytest.approx(6, abs=0.3)
    found = moved.unlike()
    assert found.score == round(moved.score, 2)
    assert "calibrated on (pbc)" in found.message
    assert "fewer prediction sets than stated hold the true class" in found.message
    assert "prediction sets" not in look(colours + 6 * SPREAD, called).unlike().message


def test_nothing_is_said_of_few_images_and_by_files_that_do_not_tell():
    colours, called = cells(FEWEST - 1)
    assert look(colours + 200, called).unlike() is None
    colours, called = cells(100)
    assert look(colours + 200, called, ModelCard("old", ("a", "b"), 8)).unlike() is None


def test_failed_images_are_left_out_and_batches_add_up():
    colours, called = cells(60, 2)
    whole = look(colours, called)
    parts = Look(card())
    for start in range(0, 60, 7):
        parts.add(colours[start : start + 7], np.eye(2)[called[start : start + 7]])
    parts.add(np.full((3, 3), np.nan), np.full((3, 2), np.nan))
    assert parts.score == pytest.approx(whole.score)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of cells, a model calibrated on such, and one calibrated on brighter ones."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", 30)
    colours = np.array([COLOURS[name] for name in CLASSES] * 20, float)
    for name, moved in (("like", 0), ("unlike", 30)):
        about = describe(colours + moved, np.arange(60) % 3, 3)
        write_model(tmp_path / f"{name}.onnx", card=ModelCard("m", CLASSES, 8, look=about).to_json())
    return tmp_path


@pytest.mark.parametrize("output", [None, "out.csv"])
def test_predicting_says_it(here, output):
    assert predict("cells", "like.onnx").unlike is None
    found = predict("cells", "unlike.onnx", output=output)
    assert found.unlike.score > LIMIT
    assert found.unlike.message in found._repr_html_()


@pytest.mark.parametrize(("name", "said"), [("like", False), ("unlike", True)])
def test_the_command_says_it_on_stderr(here, capsys, name, said):
    with pytest.raises(SystemExit) as end:
        main(["predict", "cells", "-m", f"{name}.onnx"])
    assert end.value.code == 0
    shown = capsys.readouterr()
    assert ("are unlike those that the model was calibrated on" in shown.err) is said
    assert "unlike" not in shown.out


def test_the_shipped_model_knows_its_laboratory_and_another(pbc, other_laboratories):
    for name in ("platelet", "immature_granulocyte"):  # the brightest, and some in other light
        assert predict(sorted((pbc / "val" / name).iterdir())[:FEWEST]).unlike is None, name
    found = predict(sorted((other_laboratories.parent / "labs" / "chula" / "monocyte").iterdir())[:12]).unlike
    assert found.score > 5


def test_every_shipped_model_tells():
    for name in ("robust", "tiny"):
        about = hemascope.load(name).card.look
        assert np.shape(about["colours"]) == (8, 3)
        assert about["images"] == 11_959
