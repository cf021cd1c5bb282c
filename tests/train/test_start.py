"""Going on from a finished Run: its weights, its head where it fits, and what is refused."""

import shutil
from pathlib import Path

import pytest
import torch

from hemascope.data.manifest import Manifest
from hemascope.errors import ModelFileError, RecipeError, RunError
from hemascope.models.network import Network, create_network
from hemascope.predict.classifier import load
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import new_network, start_from


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = Recipe(network="MicroCell", pretrained=False, input_size=32, seed=1)
    run = Run.create(tmp_path_factory.mktemp("runs") / "first", recipe, Manifest.build([], [], ["a", "b", "c"]), {})
    run.final_weights.parent.mkdir()
    torch.save(new_network(recipe, 3, pretrained=False).state_dict(), run.final_weights)
    return run.folder


def fresh(classes: int, network: str = "micro_cell", dense: int | None = None) -> Network:
    torch.manual_seed(0)
    return create_network(network, classes=classes, input_size=48, pretrained=False, dense=dense)


def same_as(run: Path, network: Network) -> set[str]:
    theirs = torch.load(Run(run).final_weights, weights_only=True)
    ours = network.state_dict()
    return {name.partition(".")[0] for name in ours if name in theirs and torch.equal(ours[name], theirs[name])}


def test_the_same_classes_take_over_the_head_too_at_another_size(finished: Path) -> None:
    network = fresh(3)
    assert start_from(str(finished), network, "abc")
    theirs = torch.load(Run(finished).final_weights, weights_only=True)
    assert all(torch.equal(value, theirs[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(("classes", "dense"), [("abcde", None), ("abc", 8), ("abd", None), ("cba", None)])
def test_another_head_stays_new(finished: Path, classes: str, dense: int | None) -> None:
    network, untouched = fresh(len(classes), dense=dense), fresh(len(classes), dense=dense)
    assert not start_from(str(finished), network, classes)
    assert same_as(finished, network) == {"backbone"}
    for name, value in untouched.head.state_dict().items():
        assert torch.equal(value, network.head.state_dict()[name])


def test_another_network_is_refused_with_the_name_to_set(finished: Path) -> None:
    with pytest.raises(RecipeError, match=r"holds a micro_cell.* asks for vanilla_cnn.*network=micro_cell"):
        start_from(str(finished), fresh(3, "VanillaCNN"), "abc")


def test_of_an_ensemble_one_member_is_to_be_named(finished: Path, tmp_path: Path) -> None:
    whole = Run(tmp_path / "whole")
    shutil.copytree(finished, whole.folder)
    whole.final_weights.unlink()
    shutil.copytree(finished, whole.folder / "folds" / "1")
    whole.write_members([Run(whole.folder / "folds" / "1")], 1.0)
    with pytest.raises(RecipeError, match=r"1 networks.*such as .*folds/1"):
        start_from(str(whole.folder), fresh(3), "abc")
    assert start_from(str(whole.folder / "folds" / "1"), fresh(3), "abc")


def test_what_is_no_finished_run_is_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"not a Run"):
        start_from(str(tmp_path), fresh(3), "abc")
    unfinished = tmp_path / "unfinished"
    shutil.copytree(finished, unfinished)
    Run(unfinished).final_weights.unlink()
    with pytest.raises(RunError, match=r"not finished.*--resume"):
        start_from(str(unfinished), fresh(3), "abc")


def test_a_shipped_model_is_a_start_by_its_name() -> None:
    network, other = fresh(8, "tf_efficientnet_lite0"), fresh(9, "tf_efficientnet_lite0")
    assert start_from("robust", network, load("robust").classes)
    assert not start_from("robust", other, [*load("robust").classes, "blast"])
    ours, theirs = network.state_dict(), other.state_dict()
    assert {name for name in ours if not torch.equal(ours[name], theirs[name])} == {"head.0.weight", "head.0.bias"}


def test_what_is_no_model_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"'robsut' is neither a shipped model nor a file.*robust, tiny"):
        start_from("robsut", fresh(3), "abc")
    with pytest.raises(RecipeError, match=r"robust holds a tf_efficientnet_lite0.* asks for micro_cell"):
        start_from("robust", fresh(3), "abc")


def test_of_a_run_its_folder_is_wanted_not_its_model_file(finished: Path) -> None:
    Run(finished).model_file.touch()
    with pytest.raises(RecipeError, match=r"is the model file of a Run.*start=.*first"):
        start_from(str(Run(finished).model_file), fresh(3), "abc")
