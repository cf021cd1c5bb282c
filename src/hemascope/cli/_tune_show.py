"""A search on the terminal, when it is over: its tables and sentences, for 80 columns."""

from rich.console import RenderableType
from rich.table import Table

from hemascope.evaluate.tune.result import BASELINE, Tuned, Tuning
from hemascope.report.search import ranked
from hemascope.report.tune import compared, search_words, values_table
from hemascope.report.tune_augment import tuning_words
from hemascope.shown import interval, percent, points


def tune_lines(found: Tuned) -> list[RenderableType]:
    """The winner's values, whole, and what they gain."""
    lines: list[RenderableType] = []
    if not found.chosen.own:
        values = _table("Key", "Recipe's own", f"Trial {found.chosen.number}")
        for value in values_table(found):
            values.add_row(value["name"], value["own"], value["chosen"])
        lines.append(values)
    if found.measured:
        scores = _table("Score on", "Own", "Chosen", "Gain in points, 95% interval")
        for row in compared(found):
            scores.add_row(row["title"], percent(row["own"]["value"]), percent(row["chosen"]["value"]), row["gain"])
        lines.append(scores)
    return [*lines, *search_words(found)]


def tune_augment_lines(found: Tuning) -> list[RenderableType]:
    """All trials, the best on copies first, what mattered, and the choice in words."""
    trials = _table("Trial", "Clean", "Copies", "95% interval", "Gain in points, 95% interval", "")
    for trial in sorted(found.trials, key=lambda trial: -trial.pseudo.value):
        chosen = "chosen" if trial.number == found.chosen.number else ""
        trials.add_row(
            "own" if trial.number == BASELINE else str(trial.number),
            percent(trial.clean.value),
            percent(trial.pseudo.value),
            interval(trial.pseudo._asdict()),
            points(trial.gain) if trial.number != BASELINE else "",
            chosen if trial.feasible else "loses",
        )
    lines: list[RenderableType] = [trials]
    if found.importance:
        names, shares = ranked(found.importance)
        parts = ", ".join(f"{name} {percent(share)}" for name, share in zip(names, shares, strict=True))
        lines.append(f"Importance: {parts}")
    return [*lines, *tuning_words(found)]


def _table(*headings: str) -> Table:
    """A table whose cells are broken where they are too wide, and never cut."""
    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
