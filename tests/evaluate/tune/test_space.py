import optuna
import pytest

from hemascope.augment.policy import FULL, NAMED, Policy
from hemascope.errors import RecipeError
from hemascope.evaluate.tune.space import GROUPS, PolicySpace, RecipeSpace
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
    space = RecipeSpace(Recipe(search=SEARCH))
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
    space = RecipeSpace(Recipe(search={**SEARCH, "head.dropout": {"low": 0.1, "high": 0.5}}, batch_size=50))
    assert space.own["optimizer.name"] == "nadam"
    assert space.nearest(space.own) == {
        "optimizer.learning_rate": 1e-3, "batch_size": 48, "head.dense": None, "optimizer.name": "adamw",
        "head.dropout": 0.1,
    }  # fmt: skip


def test_without_a_search_the_default_is_searched():
    assert RecipeSpace(Recipe()).names == tuple(DEFAULT)


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
        RecipeSpace(Recipe(search=search))


SPACE = PolicySpace()
RANGES = {name: (known.low, known.high) for name, known in SPACE.distributions.items()}


def values(**known):
    return {**dict.fromkeys(GROUPS, 0.0), "rand": 0, "magnitude": 0.5, "clean": 0.3, **known}


def test_every_operation_belongs_to_one_group_but_turns_and_mirrors():
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    assert set(FULL) - set(grouped) == {"rotation", "flip"}


def test_a_strength_is_a_share_of_the_full_one():
    policy = SPACE.policy_of(values(geometry=0.5, stain=1.0, rand=2))
    assert policy.zoom == pytest.approx(1.5**0.5, rel=0.01)
    assert policy.stain == FULL["stain"]
    assert policy.hue == 0
    assert (policy.rand, policy.magnitude, policy.clean, policy.rotation) == (2, 0.5, 0.3, 180)


def test_nearest_finds_what_policy_of_was_given():
    given = values(geometry=0.4, colour=0.7, stain=0.2, degradations=0.9, occlusions=0.1, rand=3)
    assert SPACE.place_of(SPACE.policy_of(given)) == pytest.approx(given, abs=0.01)


@pytest.mark.parametrize("name", list(NAMED))
def test_every_policy_lies_somewhere_in_the_space(name):
    found = SPACE.place_of(Policy.model_validate(name))
    assert found.keys() == set(SPACE.names)
    assert all(low <= found[key] <= high for key, (low, high) in RANGES.items())


def test_suggested_values_make_a_policy():
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    chosen = SPACE.suggest(trial)
    assert tuple(chosen) == SPACE.names
    assert trial.params == chosen
    assert not SPACE.policy_of(chosen).changes_nothing
