from pathlib import Path

import pytest

from hemascope.errors import RecipeError
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe, write_recipe
from hemascope.train.search import DEFAULT, FIXED, Range, check_keys, keys_of


def test_a_search_is_named_by_dotted_or_nested_keys_and_survives_a_file(tmp_path: Path) -> None:
    sets = ["search.head.dropout.low=0", "search.head.dropout.high=1e-1", "search.head.dense=[null, 128]"]
    recipe = load_recipe("demo", sets)
    assert recipe.search == {"head.dropout": Range(low=0, high=0.1), "head.dense": (None, 128)}
    write_recipe(recipe, tmp_path / "recipe.yaml", ["where it comes from"])
    assert load_recipe(tmp_path / "recipe.yaml") == recipe
    assert (tmp_path / "recipe.yaml").read_text().startswith("# where it comes from\nname: demo\n")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("search.head.drop_out=[0, 0.5]", "'head.drop_out' is no key of a recipe. Did you mean head.dropout"),
        ("search.epochs=[3, 5]", "epochs cannot be searched: .* --epochs sets it"),
        ("search.early_stopping.monitor=[val_loss, val_recall]", "cannot be searched: it says what a trial is scored"),
        ("search.optimizer.learning_rate={low: 1.0e-3, high: 1.0e-4}", "low must be less than high"),
        ("search.optimizer.learning_rate={low: 0, high: 1, log: true}", "log wants a low above 0"),
        ("search.optimizer.learning_rate={low: 0.1, hig: 1}", "unknown key 'hig' of a range .* Did you mean high"),
        ("search.optimizer.name=[sgd]", "at least 2"),
        ("search.optimizer.name=sgd", "a list of choices"),
        ("search={augment: [wide, rand], augment.stain: [0, 0.1]}", "augment.stain lies within augment"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_reason(override: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe("demo", [override])


def test_the_default_and_the_fixed_keys_are_keys_of_a_recipe() -> None:
    check_keys(Recipe, DEFAULT)
    top = {key for key in keys_of(Recipe) if "." not in key}
    assert {"optimizer.weight_decay", "augment.stain", "early_stopping.keep"} <= set(keys_of(Recipe))
    assert set(FIXED) <= top
