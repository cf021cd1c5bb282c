"""What a recipe may ask of transfer learning, and what is refused before any work."""

from typing import Any

import pytest

from hemascope.errors import RecipeError
from hemascope.train.recipe_files import load_recipe
from hemascope.train.start import new_network


@pytest.mark.parametrize(("text", "value"), [("all", "all"), ("head", "head"), ("2", 2), ("blocks.5", "blocks.5")])
def test_trainable_is_a_word_a_number_of_stages_or_a_layer(text: str, value: object) -> None:
    recipe = load_recipe("quick", [f"transfer.trainable={text}"])
    assert recipe.transfer.trainable == value
    assert recipe.transfer.freezes == (value != "all")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["transfer.trainable=head", "pretrained=false"], "would be random.*pretrained=true.*start"),
        (["transfer.head_epochs=1", "pretrained=false"], "would be random"),
        (["transfer.head_epochs=3"], "head_epochs=3 leaves no epoch.*trainable=head"),
        (["transfer.trainable=0"], "transfer.trainable.*greater than or equal to 1"),
        (["transfer.layer_decay=1.2"], "transfer.layer_decay"),
        (["seed=4294967296"], "seed: .*less than or equal to 2147483647"),
        (["epochs=10000000000000"], "epochs: .*less than or equal to 100000"),
        (["batch_size=1000000000000"], "batch_size.*less than or equal to 65536"),
        (["limit=99999999999999999999"], "limit: .*less than or equal to"),
        (["head.dense=99999999999"], "head.dense: .*less than or equal to"),
        (["optimizer.learning_rate=.inf"], "optimizer.learning_rate: .*finite number"),
        (["optimizer.weight_decay=.inf"], "optimizer.weight_decay: .*finite number"),
        (["transfer.head_learning_rate=1e999"], "transfer.head_learning_rate: .*finite number"),
        (["transfer.head_epoch=1"], "transfer.head_epoch.* Did you mean head_epochs"),
    ],
)
def test_what_cannot_be_is_refused_by_the_recipe(overrides: list[str], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe("quick", overrides)


def test_a_run_to_start_from_stands_in_for_pretrained_weights() -> None:
    recipe = load_recipe("quick", ["transfer.trainable=head", "pretrained=false", "start=runs/first"])
    assert recipe.transfer.freezes


@pytest.mark.parametrize(
    ("value", "words"), [("9", "tf_efficientnet_lite0 has [4-9] stages"), ("block.5", r"no layer 'block\.5'.*blocks")]
)
def test_layers_that_a_network_lacks_are_refused_before_any_work(value: str, words: str) -> None:
    recipe = load_recipe("quick", [f"transfer.trainable={value}", "input_size=32"])
    with pytest.raises(RecipeError, match=words):
        new_network(recipe, 8, pretrained=False)


NETWORKS, FEATURES = "boosting.over=networks", "boosting.over=features"


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ([NETWORKS, "balance.name=uniform"], r"balance\.name=uniform"),
        ([FEATURES, "balance.name=weighted_loss"], r"balance\.name=weighted_loss"),
        ([NETWORKS, "folds=3"], "folds"),
        ([NETWORKS, "start=runs/other"], "no weak learner"),
        ([NETWORKS, "boosting.depth=2"], r"boosting\.depth is for boosting\.over=features"),
        ([FEATURES, "pretrained=false"], "random weights.*random_features=true"),
        ([FEATURES, "mix=cutmix"], "mix=cutmix"),
        ([FEATURES, "transfer.trainable=head"], "transfer"),
        ([FEATURES, "augment={}", "boosting.views=2"], r"boosting\.views.*set augment"),
        (["boosting.rounds=3"], r"boosting\.over: Field required"),
        ([NETWORKS, "boosting.round=3"], r"unknown key 'boosting\.round'.*Did you mean rounds"),
    ],
)
def test_bad_combinations_are_refused(settings: list[str], problem: str) -> None:
    with pytest.raises(RecipeError, match=f"(?s){problem}"):
        load_recipe("quick", settings)


@pytest.mark.parametrize(
    "settings",
    [
        [NETWORKS, "pretrained=false", "mix=cutmix"],
        [FEATURES, "start=runs/other", "pretrained=false"],
        [FEATURES, "pretrained=false", "boosting.random_features=true"],
        [FEATURES, "boosting.views=2"],
    ],
)
def test_good_combinations_are_not(settings: list[str]) -> None:
    recipe: Any = load_recipe("quick", settings)
    assert recipe.boosting.rounds == 10
