import json

import numpy as np
import pytest
import torch
from PIL import Image

from hemascope.cells import BLOOD_CLASSES
from hemascope.cli import main
from hemascope.data.sources import open_source
from hemascope.models.network import create_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from tests.predict.model import COLOURS, write_model


def explain(*arguments):
    with pytest.raises(SystemExit) as end:
        main(["explain", *map(str, arguments)])
    return end.value.code


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Three pictures a class, the last of each in the folder of the next class."""
    folder = tmp_path_factory.mktemp("cells")
    names = list(COLOURS)
    for i, name in enumerate(names):
        for number in range(3):
            label = names[(i + 1) % 3] if number == 2 else name
            (folder / label).mkdir(exist_ok=True)
            picture = np.full((16, 16, 3), COLOURS[name], np.uint8) - np.uint8(4 * number)
            Image.fromarray(picture).save(folder / label / f"{name}-{number}.png")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A Run of an untrained network."""
    folder = tmp_path_factory.mktemp("runs") / "mine"
    recipe = Recipe(network="vanilla_cnn", pretrained=False, input_size=32)
    torch.manual_seed(0)
    network = create_network("vanilla_cnn", classes=8, input_size=32, pretrained=False)
    made = Run.create(folder, recipe, open_source("synthetic:8"), {})
    made.final_weights.parent.mkdir()
    torch.save(network.state_dict(), made.final_weights)
    return folder


def test_mistakes_of_a_model_file(model, cells, tmp_path, capsys):
    assert explain(cells, "-m", model, "-o", tmp_path / "out", "--smears", 0) == 0
    said = capsys.readouterr().out
    assert "3 of 9 images" in said
    assert "6 are right (66.7%)" in said
    found = json.loads((tmp_path / "out" / "explain.json").read_text())
    assert found["wrong"] == len(found["cases"]) == 3
    assert {row["true"] for row in found["cases"]} == set(COLOURS)
    assert all(row["label"] != row["true"] and row["augmented_label"] for row in found["cases"])
    page = (tmp_path / "out" / "explain.html").read_text()
    assert page.count("<li>") == 3
    assert page.count("<figure>") == 15  # plain, for said, for true, augmented, for said
    assert "occlusion sensitivity" in page
    assert "http" not in page.replace("http-equiv", "")
    with Image.open(tmp_path / "out" / "sheet.png") as sheet:
        assert sheet.width > 5 * 144


def test_a_run_is_explained_by_grad_cam_on_unlabelled_pictures_too(run, cells, tmp_path, capsys):
    assert explain(cells, "-m", run, "-o", tmp_path, "--all", "-n", 4, "--smears", 8, "--policy", "fixed") == 0
    found = json.loads((tmp_path / "explain.json").read_text())
    assert (found["name"], found["network"], found["side"]) == ("mine", "vanilla_cnn", 4)
    assert len(found["cases"]) == 4
    assert "Grad-CAM" in found["method"]
    assert list(found["focus"]) == ["all", *BLOOD_CLASSES]
    assert 0 <= found["focus"]["all"]["plain"]["value"] <= 1
    assert found["focus"]["all"]["change"]["low"] is not None
    assert "Does it look at the cell?" in (tmp_path / "explain.html").read_text()
    bare = tmp_path / "bare"
    bare.mkdir()
    for picture in cells.rglob("*-0.png"):
        (bare / picture.name).write_bytes(picture.read_bytes())
    capsys.readouterr()
    assert explain(bare, "-m", run, "-o", tmp_path / "other", "--smears", 0, "--policy", "none") == 0
    assert "none with a label" in capsys.readouterr().out
    found = json.loads((tmp_path / "other" / "explain.json").read_text())
    assert [row["true_probability"] for row in found["cases"]] == [None] * 3
    assert "augmented" not in (tmp_path / "other" / "explain.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--all", "--correct"], "exclude each other"),
        (["--policy", "wild"], "'wild' is no policy"),
        (["--layer", "layer4"], "a model file has no layers"),
        (["--split", "test"], "no image is in the split 'test'"),
    ],
)
def test_what_cannot_be(model, cells, tmp_path, capsys, arguments, problem):
    assert explain(cells, "-m", model, "-o", tmp_path / "out", *arguments) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_layer_is_refused_before_any_work(run, cells, tmp_path, capsys):
    assert explain(cells, "-m", run, "-o", tmp_path / "out", "--layer", "layer4") == 2
    assert "has no layer 'layer4'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
