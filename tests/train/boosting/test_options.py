from typing import Any

import pytest

from hemascope.errors import RecipeError
from hemascope.train.recipe_files import load_recipe

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
