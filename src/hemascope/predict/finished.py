"""A finished output held against what is asked for now: whether it has these images' rows, by this model."""

import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from hemascope.errors import ModelFileError, SourceError
from hemascope.predict import rows
from hemascope.predict.items import Item
from hemascope.predict.output import model_digest, read_rows
from hemascope.predict.rows import Layout, printable
from hemascope.predict.stream import Runnable, classify

_JUDGED = 32  # the most images that are classified again; at least half as many, where there are so many
_NEAR = 1e-3  # by the batch's size and the machine, probabilities differ in their last digits
_ANEW = "start anew with --overwrite."


def check_finished(output: Path, classifier: Runnable, layout: Layout, images: Iterable[Item]) -> tuple[int, int]:
    """Make sure that an output is what a run would write now.

    The names must be those of the images, in order. CSV and JSON Lines do not tell which model made them, so some
    images are classified again, the last among them; Parquet tells it too.

    Args:
        output: .csv, .parquet or .jsonl.
        classifier: the model asked for.
        layout: the columns asked for.
        images: all of them.

    Returns:
        How many images it has, and how many of them failed.

    Raises:
        SourceError: not a table of predictions, one with other columns, or of other images.
        ModelFileError: another model made it.
    """
    if model_digest(output) not in (None, classifier.digest):
        raise _other_model(output, classifier, "its metadata name another one")
    n = failed = 0
    spread = _Spread()
    images = iter(images)
    for row in read_rows(output):
        item = take(images, row["path"], output, "this output")
        if list(row) != layout.columns:
            raise SourceError(
                f"{output}: has the columns {', '.join(map(str, row))}; this run's are {', '.join(layout.columns)}",
                f"Give the same --model, --coverage and --attributes, or {_ANEW}",
            )
        n += 1
        failed += row["error"] is not None
        spread.add(item, row)
    if (more := next(images, None)) is not None:
        raise rows.other_images(output, "this output", more.path, "nothing")
    _judge(output, classifier, layout, spread.kept())
    return n, failed


def take(images: Iterator[Item], done: str, where: Path, what: str) -> Item:
    """The next image, which must have the name of the next row.

    Args:
        images: those to come.
        done: the row's name.
        where: the file that the row is in.
        what: that file in words.

    Raises:
        SourceError: it has another name, or there is none.
    """
    item = next(images, None)
    if item is None or printable(item.path) != done:
        raise rows.other_images(where, what, "nothing" if item is None else item.path, done)
    return item


def _other_model(output: Path, classifier: Runnable, why: str) -> ModelFileError:
    return ModelFileError(
        f"{output}: not made with {classifier.path}, or of pictures that have changed: {why}",
        f"Give the same --model, or {_ANEW}",
    )


class _Spread:
    """Some images and their rows, evenly spread over however many there are, the last among them."""

    def __init__(self) -> None:
        self._kept: list[tuple[Item, dict[str, Any]]] = []
        self._last: list[tuple[Item, dict[str, Any]]] = []
        self._every, self._seen = 1, 0

    def add(self, item: Item, row: dict[str, Any]) -> None:
        """See one more."""
        self._last = [(item, row)]
        if self._seen % self._every == 0:
            if len(self._kept) == _JUDGED:
                self._kept, self._every = self._kept[::2], 2 * self._every
            self._kept += self._last
        self._seen += 1

    def kept(self) -> list[tuple[Item, dict[str, Any]]]:
        """Those to judge; the last may come twice."""
        return self._kept + self._last


def _judge(output: Path, classifier: Runnable, layout: Layout, pairs: list[tuple[Item, dict[str, Any]]]) -> None:
    then = (row for _, row in pairs)
    again = classify(classifier, (item for item, _ in pairs), attributes=bool(layout.attributes))
    with closing(again) as blocks:
        for block in blocks:
            for now in rows.as_dicts(block, layout):
                row = next(then)
                for name, value in now.items():
                    if not _alike(name, value, row[name]):
                        why = f"{row['path']} has {name} {_told(row[name])} there and {_told(value)} now"
                        raise _other_model(output, classifier, why)


def _alike(name: str, now: Any, then: Any) -> bool:
    if name == "error":  # its words may be another release's
        return (now is None) == (then is None)
    if isinstance(now, float) and isinstance(then, float):
        return math.isclose(now, then, rel_tol=0, abs_tol=_NEAR)
    return bool(now == then)


def _told(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
