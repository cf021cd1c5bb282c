"""Scores by laboratory: a row and a dot each, with intervals, and what they say together."""

from typing import Any

import numpy as np

from hemascope.report.class_bars import ClassScores, draw_scores
from hemascope.report.run_files import RunFiles
from hemascope.shown import percent


def laboratories_part(run: RunFiles, measured: dict[str, Any]) -> dict[str, Any] | None:
    """What the page shows of the laboratories of a split of metrics.json; None where there are not two."""
    found = measured.get("laboratories")
    if not found:
        return None
    accuracy = {name: part["scores"]["accuracy"] for name, part in found.items()}
    columns = (np.array([score[key] for score in accuracy.values()], float) for key in ("value", "low", "high"))
    return {
        "words": [laboratory_words(found), *training_words(run)],
        "figure": draw_scores(ClassScores(tuple(found), *columns), "accuracy", "laboratory", str),
    }


def laboratory_words(found: dict[str, Any]) -> str:
    """The lowest and the highest accuracy of the laboratories in one sentence.

    >>> laboratory_words({name: {"scores": {"accuracy": {"value": value}}} for name, value in (("A", .9), ("B", .7))})
    'Accuracy is between 70.0% (B) and 90.0% (A).'
    """
    values = {name: part["scores"]["accuracy"]["value"] for name, part in found.items()}
    worst, best = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return f"Accuracy is between {percent(values[worst])} ({worst}) and {percent(values[best])} ({best})."


def training_words(run: RunFiles) -> list[str]:
    """How a training kept its laboratories apart, and whether the scores are of laboratories that it did not see."""
    recipe, found = run.typed_recipe(), []
    if recipe is None:
        return []
    if recipe.split_by == "laboratory":
        found.append("Each was scored by a network that saw none of its images; the model file is the networks' mean.")
    if recipe.laboratories.strength:
        found.append(
            "The training drew every laboratory equally often."
            if recipe.laboratories.strength == 1
            else "The training drew laboratories of few images more often than they occur, "
            f"strength {recipe.laboratories.strength:g}."
        )
    if recipe.laboratories.colours:
        found.append("Half of its images took colours of another one on the way.")
    if recipe.laboratories.absent == "hide":
        found.append("Classes that a laboratory has no image of did not count against its images.")
    return found
