"""The augmentation search on the terminal: a line a trial, then the tables."""

from rich.console import Console, RenderableType
from rich.table import Table

from hemascope.evaluate.tune_augment.result import BASELINE, Tuning
from hemascope.evaluate.tune_augment.trial import Hits
from hemascope.report.tta import points
from hemascope.report.tuning import tuning_words
from hemascope.report.words import interval, percent


def trial_line(console: Console, number: int, hits: Hits) -> None:
    """Print what a finished trial scores."""
    about = "the recipe's own policy" if number == BASELINE else ""
    scores = f"clean {percent(hits.clean.mean())}  copies {percent(hits.copies.mean())}"
    console.print(f"trial {number:3}  {scores}  {about}".rstrip(), highlight=False)


def tuning_lines(tuning: Tuning) -> list[RenderableType]:
    """Tables and sentences for an 80 column terminal."""
    table = Table("Trial", "Clean", "Copies", "95% interval", "Gain in points, 95% interval", "")
    for trial in sorted(tuning.trials, key=lambda trial: -trial.pseudo.value):
        chosen = "chosen" if trial.number == tuning.chosen.number else ""
        table.add_row(
            "own" if trial.number == BASELINE else str(trial.number),
            percent(trial.clean.value),
            percent(trial.pseudo.value),
            interval(trial.pseudo._asdict()),
            points(trial.gain) if trial.number != BASELINE else "",
            chosen if trial.feasible else "loses",
        )
    lines: list[RenderableType] = [table]
    if tuning.importance:
        shares = sorted(tuning.importance.items(), key=lambda item: -item[1])
        lines.append("Importance: " + ", ".join(f"{name} {percent(share)}" for name, share in shares))
    return [*lines, *tuning_words(tuning)]
