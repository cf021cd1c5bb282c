import optuna
import pytest

from hemascope.errors import RecipeError
from hemascope.evaluate.tune.space import Space
from hemascope.train.recipe import Recipe
from hemascope.train.search import DEFAULT

LOG = {"low": 1e-4, "high": 1e-2, "log": True}
SEARCH = {
    "optimizer.learning_rate": LOG,
    "batch_size": {"low": 16, "high": 64, "step": 16},
    "head.dense": [None, 128],
    "optimizer.name": ["adamw", "sgd"],
}


def test_values_become_a_recipe_of_the_right_types():
    space = Space(Recipe(search=SEARCH))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(5):
        values = space.suggest(study.ask())
        recipe = space.recipe_of(values)
        assert recipe.batch_size in (16, 32, 48, 64)
        assert 1e-4 <= recipe.optimizer.learning_rate <= 1e-2
        assert (recipe.head.dense, recipe.optimizer.name) == (values["head.dense"], values["optimizer.name"])
        assert recipe.search == {}
    assert space.recipe_of({}) == Recipe()


def test_the_recipes_own_values_have_a_nearest_one():
    space = Space(Recipe(search={**SEARCH, "head.dropout": {"low": 0.1, "high": 0.5}}, batch_size=50))
    assert space.own["optimizer.name"] == "nadam"
    assert space.nearest == {
        "optimizer.learning_rate": 1e-3, "batch_size": 48, "head.dense": None, "optimizer.name": "adamw",
        "head.dropout": 0.1,
    }  # fmt: skip


def test_without_a_search_the_default_is_searched():
    assert Space(Recipe()).names == tuple(DEFAULT)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"head.dropout": {"low": 0, "high": 1}}, r"head\.dropout=1\.0 .*less than 1"),
        ({"optimizer.name": ["sgd", "nadams"]}, r"optimizer\.name=nadams"),
        ({"optimizer.name": {"low": 0, "high": 1}}, "is no number"),
        ({"batch_size": {"low": 16, "high": 32.5}}, "whole numbers"),
        ({"balance.name": ["original", "uniform"], "balance.strength": [0.5, 1.0]}, "balance.strength=0.5"),
        ({"augment.rotation": {"low": -5, "high": 180}}, r"rotation=-5\.0"),
    ],
)
def test_values_that_the_recipe_does_not_take_are_refused(search, words):
    with pytest.raises(RecipeError, match=words):
        Space(Recipe(search=search))
