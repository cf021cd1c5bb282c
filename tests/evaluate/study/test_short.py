import pytest

from hemascope.errors import RecipeError
from hemascope.evaluate.study.short import short_recipe
from hemascope.train.recipe import Recipe


def test_a_short_recipe_keeps_all_but_the_length_the_size_and_the_epoch_kept():
    recipe = Recipe(epochs=30, input_size=128, progressive={"size": 96}, batch_size="auto", limit=9, tta=True, folds=3)
    short = short_recipe(recipe, epochs=2, size=32, label_smoothing=0.1)
    assert (short.epochs, short.input_size, short.batch_size, short.limit, short.tta) == (2, 32, 64, None, False)
    assert (short.folds, short.label_smoothing, short.progressive.size) == (None, 0.1, None)
    assert (short.early_stopping.keep, short.early_stopping.patience) == ("last", None)
    assert short.optimizer == recipe.optimizer
    assert short_recipe(recipe, epochs=2, size=128).progressive == recipe.progressive


def test_what_cannot_be_shortened_is_refused():
    with pytest.raises(RecipeError, match=r"cannot be shortened to 2 epochs .*head_epochs"):
        short_recipe(Recipe(epochs=9, transfer={"head_epochs": 3}), epochs=2, size=32)
