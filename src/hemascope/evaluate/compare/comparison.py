"""The comparison of several models: their scores on the same images, and their differences from one of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hemascope.errors import HemascopeError, RunError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.compare.contender import CLEAN, Contender, image_names, on_the_same_images
from hemascope.evaluate.compare.paired import SCORES, Difference, Measured, differences, measure
from hemascope.evaluate.predictions import Predictions
from hemascope.shown import NOTHING, points, table, with_interval


@dataclass(frozen=True)
class Compared:
    """One model among those compared.

    Attributes:
        contender: what was read of it.
        scores: view -> name of a score -> the score.
        differences: view -> name of a score -> difference from the reference; empty for the reference itself.
    """

    contender: Contender
    scores: dict[str, dict[str, Score]]
    differences: dict[str, dict[str, Difference]]


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes:
        rows: the models, the best by ``by`` first.
        reference: name of the one that the others are compared with.
        by: view and name of the score that orders them.
        images: number of images.
        groups: number of groups of duplicates among them, each of which counts as one in the resamples.
        chosen: True where the reference was named, False where it is the best of them.
    """

    rows: tuple[Compared, ...]
    reference: str
    by: tuple[str, str]
    images: int
    groups: int
    chosen: bool

    def table(self) -> pd.DataFrame:
        """A row a model, for a spreadsheet: every score, interval, difference and cost."""
        return pd.DataFrame([_flat(row) for row in self.rows])

    def _repr_html_(self) -> str:
        """The score that was compared by, and by how much it differs."""
        view, name = self.by
        found = [(row, row.differences.get(view, {}).get(name)) for row in self.rows]
        rows = [
            (
                row.contender.name,
                with_interval(row.scores[view][name]),
                points(difference[:3]) if difference else NOTHING,
                ("yes" if difference.certain else "no") if difference else NOTHING,
            )
            for row, difference in found
        ]
        headings = ["Run", name.replace("_", " "), f"Difference from {self.reference}, points", "Beyond doubt"]
        return table(headings, rows, f"{view}, the same {self.images:,} images")


def compare_contenders(
    contenders: Sequence[Contender],
    *,
    against: str | None = None,
    by: tuple[str, str] = (CLEAN, "accuracy"),
    common: bool = False,
) -> Comparison:
    """Compare models that were scored on the same images.

    Args:
        contenders: two or more with names of their own; one alone is measured, without differences.
        against: name of the reference; the best by ``by`` where not given.
        by: view and score.
        common: compare on the images that all of them were scored on, where they differ.

    Raises:
        HemascopeError: no such reference, or a view that one of them lacks.
        RunError: they were not scored on the same images.
    """
    names = [contender.name for contender in contenders]
    if against is not None and against not in names:
        raise HemascopeError(f"{against!r} is none of those compared", f"Name one of: {', '.join(names)}.")
    lacking = [contender.name for contender in contenders if by[0] not in contender.views]
    if lacking:
        raise HemascopeError(f"{', '.join(lacking)}: not scored in the view {by[0]!r}", "Compare by accuracy.")
    _check_hidden(contenders)
    groups = next((contender.groups for contender in contenders if contender.groups is not None), None)
    measured: dict[str, dict[str, Measured]] = {}
    sizes = {}
    for view in dict.fromkeys(view for contender in contenders for view in contender.views):
        tables = {contender.name: contender.views[view] for contender in contenders if view in contender.views}
        aligned = on_the_same_images(tables, common=common)
        own = _groups_of(next(iter(aligned.values())), groups)
        measured[view] = _measured(aligned, own)
        sizes[view] = len(own), int((own < 0).sum()) + len(np.unique(own[own >= 0]))
    place, name = by
    order = sorted(names, key=lambda which: -measured[place][which].values[name])
    reference = against or order[0]
    found = {view: _differences(parts, reference) for view, parts in measured.items()}
    rows = [
        Compared(
            contender,
            {
                view: {score: parts[contender.name].score(score) for score in SCORES}
                for view, parts in measured.items()
                if contender.name in parts
            },
            {view: parts[contender.name] for view, parts in found.items() if contender.name in parts},
        )
        for contender in sorted(contenders, key=lambda contender: order.index(contender.name))
    ]
    return Comparison(tuple(rows), reference, by, *sizes[place], chosen=against is not None)


def _check_hidden(contenders: Sequence[Contender]) -> None:
    made = {contender.hidden: contender.name for contender in contenders if contender.hidden}
    if len(made) > 1:
        first, second = list(made.values())[:2]
        raise RunError(
            f"{first} and {second} were scored on differently made hidden images (side, copies or seed)",
            "Score them with the same settings, or delete hidden.json from one.",
        )


def _measured(aligned: dict[str, Predictions], groups: np.ndarray) -> dict[str, Measured]:
    first = next(iter(aligned.values()))
    numbers = {label: i for i, label in enumerate(first.classes)}
    said = [table.table["label"].map(numbers).to_numpy(np.int64) for table in aligned.values()]
    return dict(zip(aligned, measure(first.targets, said, groups, len(numbers)), strict=True))


def _groups_of(table: Predictions, groups: "pd.Series[int] | None") -> np.ndarray:
    """The group of each row; copies of an image, as the view `HIDDEN` has, share one in any case."""
    names = pd.Series(image_names(table.table)).str.replace(r"@\d+$", "", regex=True)
    own, _ = pd.factorize(names)
    if groups is None:
        return own
    known = names.map(groups[~groups.index.duplicated()]).fillna(-1).to_numpy(np.int64)
    return np.where(known >= 0, known, own + max(int(groups.max()), 0) + 1)


def _differences(parts: dict[str, Measured], reference: str) -> dict[str, dict[str, Difference]]:
    others = [name for name in parts if name != reference]
    if reference not in parts or not others:
        return {}
    by_score = {score: differences([parts[name] for name in others], parts[reference], score) for score in SCORES}
    return {name: {score: by_score[score][i] for score in SCORES} for i, name in enumerate(others)}


def _flat(row: Compared) -> dict[str, object]:
    cost = row.contender.cost
    flat: dict[str, object] = {"run": row.contender.name, "network": cost.network, "split": row.contender.split}
    for view, scores in row.scores.items():
        for name, score in scores.items():
            key = name if view == CLEAN else f"{view}_{name}"
            flat |= {key: score.value, f"{key}_low": score.low, f"{key}_high": score.high}
            difference = row.differences.get(view, {}).get(name)
            if difference:
                parts = difference._asdict()
                flat |= {f"{key}_difference": parts.pop("value")}
                flat |= {f"{key}_difference_{part}": value for part, value in parts.items()}
    for name, score in row.contender.figures.items():
        flat |= {f"{name}_file": score.value, f"{name}_file_low": score.low, f"{name}_file_high": score.high}
    return flat | {
        "minutes": cost.minutes, "parameters": cost.parameters, "megabytes": cost.megabytes, "images_s": cost.images_s,
    }  # fmt: skip
