"""The recipe of a trial: the user's, shortened."""

from typing import Any

from pydantic import ValidationError

from hemascope.errors import RecipeError
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import explain

_BATCH = 64


def short_recipe(recipe: Recipe, *, epochs: int, size: int, **changes: Any) -> Recipe:
    """The recipe of a short training, of one network; its last epoch is kept, because val gives the score.

    Args:
        recipe: what is searched around.
        epochs: of the training.
        size: side of its images; progressive resizing goes where it is not the recipe's own.
        changes: further keys.

    Raises:
        RecipeError: the recipe takes no training so short or images so small.
    """
    values = recipe.model_dump()
    values |= {
        "epochs": epochs,
        "input_size": size,
        "progressive": values["progressive"] if size == recipe.input_size else {},
        "limit": None,
        "tta": False,
        "early_stopping": {**values["early_stopping"], "keep": "last", "patience": None},
        "batch_size": _BATCH if recipe.batch_size == "auto" else recipe.batch_size,
        "folds": None,
        "boosting": None,
        **changes,
    }
    try:
        return Recipe.model_validate(values)
    except ValidationError as problem:
        reason = "; ".join(explain(error) for error in problem.errors())
        raise RecipeError(
            f"{recipe.name} cannot be shortened to {epochs} epochs at {size} px ({reason})",
            "Raise --epochs or --size, or change the recipe with --set.",
        ) from problem
