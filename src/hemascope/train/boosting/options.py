"""The recipe's part ``boosting``, and what it cannot be combined with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from hemascope.models.voting import Voting

if TYPE_CHECKING:
    from hemascope.train.recipe import Recipe

_OF_FEATURES = ("depth", "views", "random_features")


class Boosting(BaseModel):
    """AdaBoost in its form for many classes, SAMME (Zhu, Zou, Rosset and Hastie 2009).

    - networks: every round trains the recipe's network anew, by the whole recipe, on images drawn by their weights.
    - features: every round fits a decision tree to the pooled features of the recipe's network, which is not trained.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    over: Literal["networks", "features"]
    rounds: int = Field(10, ge=1, le=1000, description="weak learners at most")
    learning_rate: float = Field(1.0, gt=0, le=10, description="shrinkage: multiplies the weight of every learner")
    voting: Voting = Field("probabilities", description="what a learner gives: probabilities, or one class as SAMME's")
    depth: int = Field(6, ge=1, le=10, description="features: questions that a tree asks of an image at most")
    views: int = Field(1, ge=1, le=64, description="features: times each training image is seen, augmented by augment")
    random_features: bool = Field(False, description="features: allow a network without pretrained weights")


def check_boosting(recipe: Recipe) -> None:
    """Refuse what boosting cannot be combined with.

    Raises:
        ValueError: naming the keys, the reason and the remedy.
    """
    boosting = recipe.boosting
    if boosting is None:
        return
    if recipe.folds:
        raise ValueError("boosting cannot be combined with folds: it joins networks of its own; leave out either")
    if recipe.balance.name != "original":
        raise ValueError(
            f"boosting cannot be combined with balance.name={recipe.balance.name}: it decides by itself how often each "
            "image is drawn; leave balance out"
        )
    if boosting.over == "networks":
        given = [name for name in _OF_FEATURES if getattr(boosting, name) != Boosting.model_fields[name].default]
        if given:
            raise ValueError(f"boosting.{given[0]} is for boosting.over=features; leave it out")
        if recipe.start is not None:
            raise ValueError(
                "boosting.over=networks cannot be combined with start: every round would begin from a network that is "
                "no weak learner; leave start out, or choose boosting.over=features"
            )
        return
    if not (recipe.pretrained or recipe.start or boosting.random_features):
        raise ValueError(
            "boosting.over=features with pretrained=false would look at features of random weights: set "
            "pretrained=true, name a finished Run with start, or ask for it with boosting.random_features=true"
        )
    if recipe.transfer != type(recipe.transfer)():
        raise ValueError("transfer and boosting.over=features do not go together: no weight of the network is trained")
    if boosting.views > 1 and recipe.augment.changes_nothing:
        raise ValueError("boosting.views would show the same image again and again: set augment, or leave views out")
    if recipe.mix != "none":
        raise ValueError(f"mix={recipe.mix} and boosting.over=features do not go together: trees take no mixed labels")
