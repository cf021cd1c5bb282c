"""report.html of a detector's training: its scores by kind, the curves, and the fields with what it missed."""

import base64
import io
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw

from hemascope import __version__
from hemascope.cells import KIND_TITLES, KINDS, Kind
from hemascope.data.annotations.fields import LabelledField
from hemascope.data.decode import decode
from hemascope.evaluate.detection import Detected, Marks
from hemascope.files import write_text
from hemascope.report import svg
from hemascope.report.template import rendered
from hemascope.shown import percent
from hemascope.train.detector.run import HEADINGS, DetectorRun, score_rows

SHOWN = 24
"""Fields shown, those with most mistakes first."""

_SIDE = 720  # pixels of the longer side of a shown field
_RIGHT: dict[Kind, str] = {"white": "#1f78b4", "red": "#c0504d", "platelet": "#9467bd"}
_MISSED, _FALSE = "#00a000", "#ff8c00"


class Shown(NamedTuple):
    """A field of the page: its picture (data URI), its name, and what is right and wrong in it, in words."""

    picture: str
    name: str
    words: str
    mistakes: int


def write_detector_report(
    run: DetectorRun,
    measured: dict[str, Any],
    fields: Sequence[LabelledField],
    found: Sequence[Detected],
    marks: Sequence[Marks],
) -> Path:
    """Write the page into a Run's folder.

    Args:
        run: it; its history is shown where it has one.
        measured: as `hemascope.evaluate.detection.score_detections` gives it, with ``marks``.
        fields: that were measured by.
        found: in each of them.
        marks: which of that is right.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.
    """
    order = sorted(range(len(fields)), key=lambda place: (-marks[place].mistakes, fields[place].name))
    history = run.history if run.history_file.is_file() else None
    model = shlex.quote(str(run.model_file))
    context = {
        "heading": run.folder.resolve().name,
        "verdict": verdict(measured),
        "notes": notes(measured, found),
        "headings": HEADINGS,
        "rows": score_rows(measured),
        "means": [("Mean average precision", measured["map50"]), ("over overlaps of 0.5 to 0.95", measured["map"])],
        "curves": draw_curves(measured),
        "history": draw_losses(history) if history is not None and len(history) else "",
        "fields": [shown(fields[place], found[place], marks[place]) for place in order[:SHOWN]],
        "scored": len(fields),
        "colours": [(KIND_TITLES[kind], _RIGHT[kind]) for kind in KINDS if measured["kinds"][kind]],
        "missed": _MISSED,
        "unmarked": _FALSE,
        "model": model,
        "version": __version__,
    }
    write_text(run.report_file, rendered("detector.html.j2", context))
    return run.report_file


def verdict(measured: dict[str, Any]) -> str:
    """The result in one sentence."""
    white = measured["kinds"]["white"]
    precision = f"mean average precision {percent(measured['map50'])}"
    if not white or white["recall"]["value"] is None:
        return f"On {measured['fields']:,} fields kept apart: {precision}."
    return (
        f"On {measured['fields']:,} fields kept apart it finds {percent(white['recall']['value'])} of the white cells, "
        f"with {white['false_per_field']:.2f} false ones a field; {precision}."
    )


def notes(measured: dict[str, Any], found: Sequence[Detected]) -> list[str]:
    """What the numbers do not say."""
    said = [
        "The fields are of the same sources as those that it was trained on, and the thresholds were chosen on them: "
        "on another laboratory's fields it finds less. Score some of your own.",
        "A box is right where it overlaps a marked one of its kind by half (intersection over union). Average "
        "precision is COCO's at that overlap, computed by pycocotools.",
    ]
    absent = [KIND_TITLES[kind] for kind in KINDS if measured["kinds"][kind] is None]
    if absent:
        said.append(f"Boxed in none of these fields, and so neither learnt nor scored: {', '.join(absent)}.")
    counted = pd.Series([one.scale_from for one in found]).value_counts()
    told = ", ".join(f"{name} in {count:,}" for name, count in counted.items() if name)
    return [*said, f"The scale of the fields was told by: {told}."] if told else said


@svg.styled
def draw_curves(measured: dict[str, Any]) -> Markup:
    """Precision over recall, a line a kind."""
    figure, (axes,) = svg.canvas(4.4, 3.4)
    words = []
    dashes = {"white": "-", "red": (0, (5, 2)), "platelet": (0, (1, 1.5))}
    for kind in KINDS:
        scores = measured["kinds"][kind]
        if scores and scores["curve"]:
            recalls, precisions = np.linspace(0, 1, len(scores["curve"])), np.array(scores["curve"])
            precisions[precisions == 0] = np.nan  # COCO's of recalls that are not reached
            colour, title = _RIGHT[kind], KIND_TITLES[kind]
            axes.plot(100 * recalls, 100 * precisions, color=colour, ls=dashes[kind], label=title)
            recall, precision = scores["recall"]["value"], scores["precision"]["value"]
            if recall is not None and precision is not None:
                axes.plot(100 * recall, 100 * precision, color=colour, marker="o", ms=5)
            words.append(f"{KIND_TITLES[kind]} {percent(scores['ap50'])}")
    axes.set(xlabel="recall, %", ylabel="precision, %", xlim=(0, 101), ylim=(0, 103))
    if words:
        axes.legend(loc="lower left")
    return svg.inline(figure, "curves", f"Precision over recall. Average precision: {', '.join(words) or 'none'}.")


@svg.styled
def draw_losses(history: pd.DataFrame) -> Markup:
    """Every loss of the history by epoch, and the learning rate below."""
    losses = [name for name in history.columns if name.endswith("loss")]
    figure, (above, below) = svg.canvas(4.4, 3.4, [1.6, 0.8])
    epochs = history["epoch"].to_numpy(float)
    marker = "o" if len(history) < 3 else None
    for name, colour in zip(losses, (svg.ACCENT, svg.WRONG, svg.SECOND), strict=False):
        above.plot(epochs, history[name], color=colour, marker=marker, ms=4, label=name.replace("_", " "))
    above.set_ylabel("loss")
    if len(losses) > 1:
        above.legend()
    if "learning_rate" in history:
        below.plot(epochs, history["learning_rate"], color=svg.MUTED, marker=marker, ms=4, drawstyle="steps-mid")
    below.set(ylabel="learning rate", xlabel="epoch", ylim=(0, None))
    below.yaxis.set_major_formatter(lambda value, _: f"{value:.2g}")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    last = f" Last loss {history[losses[0]].iloc[-1]:.4g}." if losses else ""
    return svg.inline(figure, "history", f"Loss and learning rate over {len(history)} epochs.{last}")


def shown(field: LabelledField, found: Detected, marks: Marks) -> Shown:
    """A field with its boxes drawn."""
    picture = Image.fromarray(decode(field.path))
    factor = min(1.0, _SIDE / max(picture.size))
    picture = picture.resize([max(1, round(side * factor)) for side in picture.size], Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(picture)
    for box, kind in zip(found.boxes[marks.right], found.kinds[marks.right], strict=True):
        pen.rectangle(_corners(box, factor), outline=_RIGHT[KINDS[kind]], width=2)
    for box in found.boxes[marks.taken & ~marks.right]:
        pen.rectangle(_corners(box, factor), outline=_FALSE, width=3)
    for box in field.boxes[~marks.hit]:
        _dashed(pen, _corners(box, factor))
    parts = []
    for number, kind in enumerate(KINDS):
        if field.annotated[number]:
            own, marked = found.kinds == number, field.kinds == number
            right, false = int((marks.right & own).sum()), int((marks.taken & ~marks.right & own).sum())
            parts.append(f"{KIND_TITLES[kind]}: {right} of {int(marked.sum())} found, {false} false")
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=80, optimize=True)
    data = f"data:image/jpeg;base64,{base64.b64encode(written.getvalue()).decode()}"
    name = f"{field.source}: {field.name}" if field.source else field.name
    return Shown(data, name, "; ".join(parts), marks.mistakes)


def _corners(box: np.ndarray, factor: float) -> tuple[float, float, float, float]:
    xmin, ymin, xmax, ymax = (float(value) * factor for value in box)
    return xmin, ymin, max(xmax, xmin + 1), max(ymax, ymin + 1)


def _dashed(pen: ImageDraw.ImageDraw, corners: tuple[float, float, float, float], dash: int = 6) -> None:
    """A broken outline, which is told from the others without colours."""
    xmin, ymin, xmax, ymax = corners
    for start in np.arange(xmin, xmax, 2 * dash):
        end = min(start + dash, xmax)
        pen.line([(start, ymin), (end, ymin)], fill=_MISSED, width=3)
        pen.line([(start, ymax), (end, ymax)], fill=_MISSED, width=3)
    for start in np.arange(ymin, ymax, 2 * dash):
        end = min(start + dash, ymax)
        pen.line([(xmin, start), (xmin, end)], fill=_MISSED, width=3)
        pen.line([(xmax, start), (xmax, end)], fill=_MISSED, width=3)
