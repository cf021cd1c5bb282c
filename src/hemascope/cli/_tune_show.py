"""A search on the terminal: a line a trial, then the tables."""

from types import TracebackType

from rich.console import Console, RenderableType
from rich.table import Table

from hemascope.evaluate.tune.result import TrialResult, Tuned
from hemascope.evaluate.tune_augment.result import BASELINE, Tuning
from hemascope.evaluate.tune_augment.trial import Hits
from hemascope.report.importance import ranked
from hemascope.report.tta import points
from hemascope.report.tune import compared, score_text, search_words, value_text, values_table
from hemascope.report.tune_augment import tuning_words
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
        lines.append(importance_line(tuning.importance))
    return [*lines, *tuning_words(tuning)]


def importance_line(importance: dict[str, float]) -> str:
    """All shares, the largest first."""
    names, shares = ranked(importance)
    return "Importance: " + ", ".join(f"{name} {percent(share)}" for name, share in zip(names, shares, strict=True))


class SearchProgress:
    """What a search for hyperparameters is doing: a line at the foot of a terminal, and a line a trial that is over.

    Args:
        console: where it goes.
        monitor: what a trial is scored by.
    """

    def __init__(self, console: Console, monitor: str) -> None:
        self._console, self._monitor = console, monitor
        self._status = console.status("beginning")

    def __enter__(self) -> "SearchProgress":
        self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._status.stop()

    def epoch(self, number: int, epoch: int, value: float) -> None:
        """Tell how the trial that runs stands."""
        self._status.update(f"trial {number}, epoch {epoch}: {score_text(value, self._monitor)}")

    def trial(self, result: TrialResult) -> None:
        """Print a trial that is over."""
        values = " ".join(f"{key.rpartition('.')[2]}={value_text(value)}" for key, value in result.values.items())
        about = "the recipe's own values" if result.own else values
        ended = f"pruned at {len(result.curve)}" if result.pruned else f"{result.seconds:.0f} s"
        score = score_text(result.value, self._monitor)
        line = f"trial {result.number:3}  {score:>6}  {ended:11}  {about}"
        self._console.print(line, markup=False, highlight=False, no_wrap=True, overflow="ellipsis")

    def wait(self, running: int) -> None:
        """Tell that other processes are not done."""
        trials = "trial" if running == 1 else "trials"
        self._status.update(f"waiting for {running} {trials} of other processes")


def search_lines(found: Tuned) -> list[RenderableType]:
    """Tables and sentences for an 80 column terminal."""
    values = Table("Key", "Recipe's own", f"Trial {found.chosen.number}")
    for row in values_table(found):
        values.add_row(row["name"], row["own"], row["chosen"])
    lines: list[RenderableType] = [] if found.chosen.own else [values]
    if found.measured:
        scores = Table("Score on", "Own", "Chosen", "Gain in points, 95% interval")
        for part in compared(found):
            own, chosen = (percent(part[which]["value"]) for which in ("own", "chosen"))
            scores.add_row(part["title"], own, chosen, part["gain"])
        lines.append(scores)
    return [*lines, *search_words(found)]
