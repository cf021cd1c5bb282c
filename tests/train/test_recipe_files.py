from pathlib import Path

import pytest

from hemascope.errors import RecipeError
from hemascope.train.detector.recipe import DetectorRecipe
from hemascope.train.recipe_files import _SHIPPED, TRAIN_DETECTOR, load_as, load_recipe, shipped, write_recipe

ABOUT = shipped() | shipped(TRAIN_DETECTOR)


def test_every_recipe_is_of_a_command() -> None:
    files = {file.name.removesuffix(".yaml") for file in _SHIPPED.iterdir() if file.name.endswith(".yaml")}
    assert files == set(ABOUT)


@pytest.mark.parametrize("name", list(ABOUT))
def test_shipped_recipes_say_what_they_do_cost_score_and_how_to_run(name: str) -> None:
    about = ABOUT[name]
    assert "Cost:" in about
    assert "Expect:" in about
    assert f"--recipe {name}" in about
    read = load_recipe(name) if name in shipped() else load_as(DetectorRecipe, name, command=TRAIN_DETECTOR)
    assert read.name == name


def test_overrides_reach_nested_keys_and_plain_exponents() -> None:
    recipe = load_recipe("quick", ["optimizer.learning_rate=1e-4", "epochs=7", "head.dense=32", "ema=null"])
    assert (recipe.optimizer.learning_rate, recipe.epochs, recipe.head.dense, recipe.ema) == (1e-4, 7, 32, None)
    assert recipe.optimizer.name == "nadam"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("epoch=3", "unknown key 'epoch'.* Did you mean epochs"),
        ("optimizer.learning_rat=3", "optimizer.learning_rat.* Did you mean learning_rate"),
        ("augment.rotate=3", "augment.rotate.* Did you mean rotation"),
        ("epochs=0", "epochs: .*greater than or equal to 1"),
        ("optimizer.name=adamx", "optimizer.name: .*'nadam'"),
        ("fractions=[0.5,0.1,0.1]", "fractions must sum to 1"),
        ("fractions=[1,0,0]", "to validate on"),
        ("batch_size=1", "at least 2"),
        ("balance.name=unifrm", "balance.name: .*'uniform'"),
        ("balance.strength=1.5", "balance.strength: .*less than or equal to 1"),
        ("balance.strength=0.5", "choose name: uniform, augment_rare or weighted_loss"),
        ("balance.strenght=1", "balance.strenght.* Did you mean strength"),
        ("epochs", "key=value"),
        ("epochs.x=1", "has no keys below it"),
    ],
)
def test_bad_overrides_name_the_key_and_the_nearest_valid_one(override: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe("quick", [override])


@pytest.mark.parametrize("augment", ["{}", "{clean: 0.5}", "{clean: 1, rotation: 90}"])
def test_rare_classes_cannot_be_augmented_by_a_policy_that_changes_nothing(augment: str) -> None:
    with pytest.raises(RecipeError, match=r"augment\.rotation=180, .*or choose balance\.name=uniform"):
        load_recipe("quick", ["balance.name=augment_rare", f"augment={augment}"])


def test_an_override_changes_a_key_of_a_policy_given_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("augment: wide\n")
    named, changed = load_recipe(path).augment, load_recipe(path, ["augment.noise=0.2", "augment.rand=2"]).augment
    assert changed == named.model_copy(update={"noise": 0.2, "rand": 2})
    assert load_recipe(path, ["augment=rand", "augment.clean=0"]).augment.rotation == 180
    with pytest.raises(RecipeError, match=r"augment\.noize.* Did you mean noise"):
        load_recipe(path, ["augment.noize=0.2"])


def test_unknown_recipe_names_the_near_one() -> None:
    with pytest.raises(RecipeError, match=r"Did you mean standard\?"):
        load_recipe("standart")


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [1\n"])
def test_bad_files_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"mine\.yaml"):
        load_recipe(path)
    with pytest.raises(RecipeError, match="no such recipe file"):
        load_recipe(tmp_path / "none.yaml")


def test_a_written_recipe_reads_back_the_same(tmp_path: Path) -> None:
    recipe = load_recipe("standard", ["seed=4"])
    write_recipe(recipe, tmp_path / "recipe.yaml")
    assert load_recipe(tmp_path / "recipe.yaml") == recipe


def test_changes_as_text_or_as_keys_say_the_same(tmp_path: Path) -> None:
    changes = {"epochs": 3, "optimizer": {"learning_rate": 1e-3}, "head.dropout": 0.1, "start": tmp_path}
    texts = ["epochs=3", "optimizer.learning_rate=1e-3", "head.dropout=0.1", f"start={tmp_path}"]
    assert load_recipe("demo", changes) == load_recipe("demo", texts)


def test_a_recipe_is_changed_in_a_copy() -> None:
    recipe = load_recipe("demo")
    assert load_recipe(recipe) == recipe
    changed = load_recipe(recipe, {"epochs": recipe.epochs + 1})
    assert (changed.epochs, changed.name) == (recipe.epochs + 1, "demo")
    assert load_recipe("demo") == recipe
    with pytest.raises(RecipeError, match=r"recipe demo: unknown key 'epoch' .*Did you mean epochs"):
        load_recipe(recipe, {"epoch": 3})
