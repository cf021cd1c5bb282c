"""A comparison in words and cells: what may be claimed, and what may not."""

from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.comparison import Compared, Comparison
from hemascope.evaluate.compare.contender import CLEAN, HIDDEN, TTA
from hemascope.evaluate.compare.cost import Cost
from hemascope.evaluate.compare.paired import Difference
from hemascope.report.tta import points
from hemascope.report.words import NOTHING, interval, percent

VIEWS = {
    CLEAN: "Images as they are",
    HIDDEN: "Under one to three unknown corruptions",
    TTA: "With test-time augmentation",
}
TITLES = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy", "f1": "F1, macro"}
FIGURES = {"pseudo": "Pseudo-validation", "shift": "Shift suite", "tta": "Test-time augmentation"}


def with_interval(score: Score | None) -> str:
    """A score and its interval.

    >>> with_interval(Score(0.984, 0.977, 0.989))
    '98.4% [97.7–98.9]'
    """
    return NOTHING if score is None else f"{percent(score.value)} [{interval(score._asdict())}]"


def difference_cell(difference: Difference | None) -> str:
    """A difference in percentage points with its interval; of the reference itself nothing."""
    return points(Score(*difference[:3])) if difference else NOTHING


def p_cell(difference: Difference | None) -> str:
    """A corrected p value.

    >>> p_cell(Difference(0.1, 0.05, 0.15, 0.0004, 0.0008)), p_cell(Difference(0.1, -0.05, 0.15, 0.2, 0.4))
    ('<0.001', '0.400')
    """
    if difference is None:
        return NOTHING
    return "<0.001" if difference.adjusted < 0.001 else f"{difference.adjusted:.3f}"


def claim(difference: Difference | None) -> str:
    """What may be said of a model beside the reference."""
    if difference is None:
        return "reference"
    if not difference.certain:
        return "no difference shown"
    return "better" if difference.value > 0 else "worse"


def cost_cells(cost: Cost) -> dict[str, str]:
    """Minutes, parameters, images a second and megabytes as text.

    >>> cost_cells(Cost(minutes=94.97, parameters=3381256, megabytes=14.16, images_s=412.3))
    {'minutes': '95.0', 'parameters': '3.4 M', 'images_s': '412', 'megabytes': '14.2'}
    """
    return {
        "minutes": NOTHING if cost.minutes is None else f"{cost.minutes:.1f}",
        "parameters": NOTHING if cost.parameters is None else _count(cost.parameters),
        "images_s": NOTHING if cost.images_s is None else f"{cost.images_s:,.{0 if cost.images_s >= 10 else 1}f}",
        "megabytes": NOTHING if cost.megabytes is None else f"{cost.megabytes:.1f}",
    }


def verdict(comparison: Comparison) -> str:
    """The result in one sentence."""
    view, name = comparison.by
    best = comparison.rows[0]
    where = "" if view == CLEAN else f" {_LOWER[view]}"
    said = f"On the same {comparison.images:,} images{where}, {best.contender.name} is highest"
    said += f": {TITLES.get(name, name).lower()} {with_interval(best.scores[view][name])}."
    differing = [row for row in comparison.rows if (part := _by(comparison, row)) and part.certain]
    others = len(comparison.rows) - 1
    if not others:
        return said
    if not differing:
        return f"{said} No difference from {comparison.reference} is beyond doubt."
    return f"{said} {len(differing)} of {others} differ from {comparison.reference} beyond doubt."


def notes(comparison: Comparison) -> list[str]:
    """How the differences were tested, and what they do not say."""
    said = [
        f"Differences are from {comparison.reference}, "
        + ("the reference that was named" if comparison.chosen else "the highest score")
        + ": a paired bootstrap over the same images, copies of an image kept together "
        f"({comparison.images:,} images in {comparison.groups:,} groups). Where the interval holds 0, no difference is "
        "claimed. P values are corrected for being several (Holm 1979).",
        "The test tells whether two trained models differ on images of this kind. Another training of the same recipe, "
        "with another seed, gives another model, and other laboratories other images.",
    ]
    if not comparison.chosen and len(comparison.rows) > 2:
        said.insert(1, "The highest of several scores is flattered by chance: name a reference with --against.")
    return said


def _by(comparison: Comparison, row: Compared) -> Difference | None:
    view, name = comparison.by
    return row.differences.get(view, {}).get(name)


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1e6 else f"{number / 1e3:.0f} k"


_LOWER = {view: title[0].lower() + title[1:] for view, title in VIEWS.items()}
