"""The page of an augmentation search: what was chosen, why, and how it looks."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.augment.policy import OFF, Policy
from hemascope.evaluate.tune.result import POLICY_NAME, Tuning
from hemascope.report import svg
from hemascope.report.gallery import picture
from hemascope.report.search import mattered, trust, write_search_page
from hemascope.shown import percent, points


class Trade(NamedTuple):
    """Where every trial lies between clean images and transformed copies.

    Attributes:
        clean: accuracies, (t,).
        pseudo: likewise, (t,).
        feasible: bool (t,).
        chosen: number of the chosen trial.
    """

    clean: np.ndarray
    pseudo: np.ndarray
    feasible: np.ndarray
    chosen: int


def trade(tuning: Tuning) -> Trade:
    """The numbers of the scatter; row i is trial i."""
    trials = tuning.trials
    return Trade(
        np.array([trial.clean.value for trial in trials]),
        np.array([trial.pseudo.value for trial in trials]),
        np.array([trial.feasible for trial in trials]),
        tuning.chosen.number,
    )


@svg.styled
def draw_trade(measured: Trade) -> Markup:
    """A dot a trial: accuracy on copies against accuracy on clean images; trial 0 and the chosen one named."""
    figure, (axes,) = svg.canvas(6.4, 4.2)
    x, y = 100 * measured.clean, 100 * measured.pseudo
    for which, colour, marker, label in (
        (measured.feasible, svg.ACCENT, "o", "feasible"),
        (~measured.feasible, svg.SECOND, "x", "loses on clean images"),
    ):
        if which.any():
            axes.scatter(x[which], y[which], color=colour, marker=marker, s=36, zorder=3, label=label)
    axes.scatter(
        x[measured.chosen], y[measured.chosen], s=150, facecolor="none", edgecolor=svg.WRONG, lw=1.8, label="chosen"
    )
    for number in {0, measured.chosen}:
        name = f"trial {number}" if number else "trial 0, the recipe's own"
        axes.annotate(name, (x[number], y[number]), xytext=(9, 5), textcoords="offset points", color=svg.INK)
    axes.margins(0.15)
    axes.set(xlabel="accuracy on clean images, %", ylabel="accuracy on copies, %")
    figure.legend(loc="outside upper right", ncols=3)
    best = f"trial {measured.chosen}: {x[measured.chosen]:.1f} clean, {y[measured.chosen]:.1f} on copies"
    return svg.inline(figure, "trade", f"Accuracy of {len(x)} trials. Trial 0: {x[0]:.1f}, {y[0]:.1f}; chosen {best}.")


def tuning_words(tuning: Tuning) -> list[str]:
    """The choice and how sure it is, in a few sentences."""
    chosen, base, tried = tuning.chosen, tuning.baseline, tuning.tried
    if chosen.number == 0:
        return [f"The recipe's own augmentation stays: of the others tried ({tried}) none beats it."]
    said = [
        f"Trial {chosen.number} of {tried}: {percent(chosen.pseudo.value)} of the transformed copies are right, with "
        f"the recipe's own augmentation {percent(base.pseudo.value)} ({points(chosen.gain)} percentage points). On "
        f"clean images it is {percent(chosen.clean.value)} instead of {percent(base.clean.value)}."
    ]
    fresh = tuning.check["pseudo"]
    said.append(
        f"The best of several is flattered by chance. On {tuning.checked_on}, which the search did not use, the gain "
        f"is {points(fresh)} points on copies and {points(tuning.check['clean'])} on clean images"
        f": {trust(fresh)}"
    )
    if tuning.importance:
        said.append(mattered(tuning.importance))
    return said


def strengths(tuning: Tuning) -> list[dict[str, str]]:
    """Every operation's strength in the recipe's own policy and in the chosen one, where one of them has it."""
    policies = tuning.baseline.policy, tuning.chosen.policy
    names = [name for name in OFF if any(name in policy.strengths for policy in policies)]
    further = ("clean", "degrade", "occlude", "rand", "magnitude")
    return [
        {
            "name": name.replace("_", " "),
            "own": _strength(policies[0], name),
            "chosen": _strength(policies[1], name),
        }
        for name in (*names, *further)
    ]


def compared(tuning: Tuning) -> list[dict[str, Any]]:
    """The rows of the table of the recipe's own policy and the chosen one."""
    best, base = tuning.chosen, tuning.baseline
    return [
        {"title": title, "own": getattr(base, key)._asdict(), "chosen": getattr(best, key)._asdict(), "gain": gain}
        for title, key, gain in (
            ("Clean images", "clean", points(best.clean_gain)),
            ("Transformed copies", "pseudo", points(best.gain)),
        )
    ]


def write_tuning_report(folder: Path, tuning: Tuning, sheet: np.ndarray | None, source: str) -> Path:
    """Write the page of a search into its folder and give its path; see `write_search_page`.

    Args:
        folder: of the search.
        tuning: what it found.
        sheet: contact sheet of the chosen policy, uint8 (h, w, 3).
        source: the images, as the user named them.
    """
    context: dict[str, Any] = {
        "heading": source,
        "tuning": tuning,
        "words": tuning_words(tuning),
        "figure": draw_trade(trade(tuning)),
        "compared": compared(tuning),
        "trials": tuning.trials,
        "points": points,
        "strengths": strengths(tuning),
        "sheet": picture(sheet, side=max(sheet.shape[:2])) if sheet is not None else "",
        "policy_file": POLICY_NAME,
    }
    return write_search_page(folder, "tuning.html.j2", tuning.importance, context)


def _strength(policy: Policy, name: str) -> str:
    if name in OFF and name not in policy.strengths:
        return "off"
    return f"{getattr(policy, name):.3g}"
