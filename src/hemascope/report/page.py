"""report.html: one self-contained page from the files of a Run."""

import shlex
from pathlib import Path
from typing import Any

from hemascope import __version__
from hemascope.cells import colours
from hemascope.evaluate.forecast.forecast import read_forecast
from hemascope.evaluate.predictions import confident_mistakes
from hemascope.evaluate.pseudo.result import read_pseudo
from hemascope.evaluate.shift.result import read_shift
from hemascope.evaluate.tta import read_tta
from hemascope.files import write_text
from hemascope.predict.card import ModelCard
from hemascope.report import words
from hemascope.report.balance import balance_part
from hemascope.report.boosting import boosting_part
from hemascope.report.class_bars import class_scores, draw_class_scores, draw_counts
from hemascope.report.confusion import confusion, draw_confusion
from hemascope.report.data_part import data_part
from hemascope.report.folds import folds_part, protocol_notes
from hemascope.report.forecast import forecast_part
from hemascope.report.gallery import Sees, tiles
from hemascope.report.history import draw_history
from hemascope.report.laboratories import laboratories_part
from hemascope.report.pseudo import pseudo_part
from hemascope.report.reliability import draw_reliability, reliability_curve
from hemascope.report.run_files import RunFiles, read_run
from hemascope.report.shift import shift_part
from hemascope.report.template import rendered
from hemascope.report.tta import tta_part
from hemascope.shown import SCORE_TITLES
from hemascope.train.boosting.ledger import read_boosting

FILE_NAME = "report.html"
MANY_CLASSES = 24
"""With more classes than this the confusion matrix is told in words only: no page is wide enough."""


def write_report(
    run_folder: Path, card: ModelCard | None = None, *, sees: Sees | None = None, recompute: bool = False
) -> Path:
    """Write the report of a Run, or of a scored model, into its folder.

    Args:
        run_folder: holds predictions.parquet; metrics.json (computed where absent), history.csv,
            manifest.parquet, recipe.yaml, model.onnx and the files of the shift suite are used where present.
        card: of the model, where it does not lie in the folder.
        sees: says what the model sees of the mistakes, where it does.
        recompute: measure the predictions again instead of using metrics.json.

    Returns:
        The page's path: one HTML file that asks for nothing from outside and runs no script.

    Raises:
        RunError: a folder without predictions, or one whose files cannot be read.
    """
    run = read_run(Path(run_folder), card, recompute=recompute)
    page = run.folder / FILE_NAME
    write_text(page, render(run, sees))
    return page


def render(run: RunFiles, sees: Sees | None = None) -> str:
    """The page's HTML."""
    return rendered("report.html.j2", _context(run, sees))


def _context(run: RunFiles, sees: Sees | None) -> dict[str, Any]:
    split = words.headline_split(run.metrics)
    assert split is not None  # read_run refuses metrics without a split
    measured = run.metrics["splits"][split]
    classes = tuple(run.metrics["classes"])
    matrix = confusion(measured)
    curves = [reliability_curve(measured["calibration"], when) for when in ("before", "after")]
    scores = class_scores(measured)
    data = data_part(run.manifest) if run.manifest is not None else None
    name = run.manifest.name if run.manifest is not None else ""
    model = f"{run.folder.resolve().name}/model.onnx" if run.trained else "model.onnx"
    return {
        "heading": name or run.folder.resolve().name,
        "run": run,
        "split": split,
        "metrics": run.metrics,
        "measured": measured,
        "verdict": words.verdict(split, measured, run.trained),
        "notes": [*words.notes(split, run.metrics, run.trained), *protocol_notes(run)],
        "folds": folds_part(run.metrics),
        "score_titles": SCORE_TITLES,
        "meanings": words.MEANINGS,
        "colours": dict(zip(classes, colours(classes), strict=True)),
        "confusion": draw_confusion(matrix, classes) if len(classes) <= MANY_CLASSES else "",
        "confusions": words.confusions(matrix.counts, classes),
        "reliability": draw_reliability(*curves),
        "f1": draw_class_scores(scores),
        "laboratories": laboratories_part(run, measured),
        "history": draw_history(run.history) if run.history is not None else "",
        "mistakes": tiles(confident_mistakes(run.predictions, split), sees),
        "wrong": int(matrix.counts.sum() - matrix.counts.trace()),
        "data": data,
        "counts": draw_counts(data.counts) if data is not None and data.usable else "",
        "balance": balance_part(run),
        "boosting": boosting_part(read_boosting(run.folder)),
        "shift": shift_part(read_shift(run.folder)),
        "forecast": forecast_part(read_forecast(run.folder)),
        "pseudo": pseudo_part(read_pseudo(run.folder)),
        "tta": tta_part(read_tta(run.folder)),
        "limits": words.limits(run.card.limits if run.card else ""),
        "model_in_shell": shlex.quote(model),
        "model_in_python": repr(model),
        "version": __version__,
    }
