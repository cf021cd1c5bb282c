"""The page of a search for hyperparameters: what was chosen, what it is worth, and how the search went."""

from pathlib import Path
from typing import Any

from hemascope import __version__
from hemascope.evaluate.tune.result import RECIPE_NAME, Tuned
from hemascope.files import write_text
from hemascope.report.importance import draw_importance, mattered, ranked, trust
from hemascope.report.search_figures import draw_curves, draw_history, draw_slice, history, score_text, slices
from hemascope.report.template import rendered
from hemascope.report.tta import points
from hemascope.report.words import SCORE_TITLES, percent

FILE_NAME = "report.html"


def search_words(found: Tuned) -> list[str]:
    """The choice, what it is worth and how far that can be trusted, in a few sentences."""
    pruned = sum(trial.pruned for trial in found.trials)
    setting = (
        f"Each trial trained {found.epochs} epochs on {found.images['train']:,} images at {found.size} px"
        + (f"; {pruned} of {found.tried} were ended early" if pruned else "")
        + ". A longer training, or larger images, may want other values: compare before you rely on these."
    )
    chosen, own = (score_text(trial.value, found.monitor) for trial in (found.chosen, found.own))
    if found.chosen.own:
        return [
            f"The recipe's own values stay: of the others tried ({found.tried}) none scores better on val ({own}).",
            setting,
        ]
    title = SCORE_TITLES[found.score_name].lower()
    said = []
    if "test" in found.measured:
        fresh = found.measured["test"]
        gain = fresh.gain[found.score_name]
        said += [
            f"Trial {found.chosen.number}, the best of {found.tried}, gains {points(gain)} percentage points of "
            f"{title} on images kept apart: {trust(gain)}",
            f"On those {fresh.images:,} images, which had no say, its {title} is "
            f"{percent(fresh.chosen[found.score_name].value)}, with the recipe's own values "
            f"{percent(fresh.own[found.score_name].value)}.",
        ]
    said.append(
        f"On val, which chose it, trial {found.chosen.number} has a {found.monitor} of {chosen} instead of {own}. The "
        "best of several is flattered by chance, so do not quote that number."
    )
    return [*said, setting, *([mattered(found.importance)] if found.importance else [])]


def compared(found: Tuned) -> list[dict[str, Any]]:
    """The rows of the table of the recipe's own values and the winner."""
    titles = {"val": "Val, which chose it", "test": "Images kept apart"}
    return [
        {
            "title": f"{titles[part]}: {SCORE_TITLES[name].lower()}",
            "own": measured.own[name]._asdict(),
            "chosen": measured.chosen[name]._asdict(),
            "gain": points(measured.gain[name]),
        }
        for part, measured in reversed(found.measured.items())
        for name in measured.gain
    ]


def values_table(found: Tuned) -> list[dict[str, str]]:
    """Every searched key with the recipe's own and the chosen value."""
    return [
        {"name": key, "own": value_text(found.own.values[key]), "chosen": value_text(value)}
        for key, value in found.chosen.values.items()
    ]


def write_search_report(folder: Path, found: Tuned, source: str) -> Path:
    """Write the page of a search into its folder.

    Args:
        folder: of the search.
        found: what it found.
        source: the images, as the user named them.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    order = sorted(found.trials, key=lambda trial: (trial.pruned, trial.value * (1 if found.lower_is_better else -1)))
    context: dict[str, Any] = {
        "heading": f"{found.recipe.name}, {source}",
        "found": found,
        "words": search_words(found),
        "compared": compared(found),
        "values": values_table(found),
        "importance": draw_importance(ranked(found.importance)) if found.importance else "",
        "history": draw_history(history(found), found.monitor),
        "curves": draw_curves(found),
        "slices": [draw_slice(part, found.monitor, place) for place, part in enumerate(slices(found))],
        "trials": [
            {
                "trial": trial,
                "score": score_text(trial.value, found.monitor),
                "values": [value_text(value) for value in trial.values.values()],
            }
            for trial in order
        ],
        "recipe_file": RECIPE_NAME,
        "version": __version__,
    }
    page = folder / FILE_NAME
    write_text(page, rendered("search.html.j2", context))
    return page


def value_text(value: object) -> str:
    """A value of a recipe for a table.

    >>> value_text(0.0012345), value_text(None), value_text("sgd")
    ('0.00123', 'none', 'sgd')
    """
    if value is None:
        return "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
