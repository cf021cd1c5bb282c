"""The folder that the training of a detector leaves, and what is where in it."""

import csv
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from hemascope.cells import KIND_TITLES, KINDS
from hemascope.data.annotations import LabelledField, open_annotations
from hemascope.data.annotations.coco import write_coco
from hemascope.files import write_text
from hemascope.shown import paragraphs, percent, table, with_interval
from hemascope.train.detector.recipe import DetectorRecipe
from hemascope.train.recipe_files import TRAIN_DETECTOR, load_as, write_recipe
from hemascope.train.run_folder import FORMAT_VERSION, RunFolder


@dataclass(frozen=True)
class DetectorRun(RunFolder):
    """A detector's training: its folder; every file in it is written whole or not at all.

    >>> DetectorRun(Path("runs/det")).model_file.as_posix()
    'runs/det/detector.onnx'
    """

    trains: ClassVar[str] = "detector"
    command: ClassVar[str] = TRAIN_DETECTOR

    @property
    def fields_file(self) -> Path:
        """The fields with their boxes, splits and what is annotated in them, COCO's JSON."""
        return self.folder / "fields.coco.json"

    @property
    def model_file(self) -> Path:
        """The detector."""
        return self.folder / "detector.onnx"

    @classmethod
    def create(
        cls, folder: Path, recipe: DetectorRecipe, fields: Sequence[LabelledField], about: dict[str, Any]
    ) -> "DetectorRun":
        """Begin a Run in a new or empty folder.

        Raises:
            RunError: the folder holds something already.
            WriteError: it cannot be written.
        """
        run = cls(Path(folder))
        run.check_free()
        write_coco(fields, run.fields_file)
        write_recipe(recipe, run.recipe_file)
        run.write_about({"format_version": FORMAT_VERSION, "trains": cls.trains, **about})  # last: now it is complete
        return run

    def recipe(self) -> DetectorRecipe:
        """The Run's recipe."""
        return load_as(DetectorRecipe, self.recipe_file, command=TRAIN_DETECTOR)

    def fields(self) -> list[LabelledField]:
        """The Run's fields; their pictures are read again.

        Raises:
            SourceError: a picture is no longer what it was.
        """
        return list(open_annotations(self.fields_file).fields)

    def add_epoch(self, row: dict[str, float]) -> None:
        """Add a row to the history, in place of one of the same epoch or a later one."""
        former = self.history.to_dict("records") if self.history_file.is_file() else []
        rows = [{str(key): value for key, value in one.items()} for one in former if one["epoch"] < row["epoch"]]
        text = io.StringIO()
        writer = csv.DictWriter(text, list(row), restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])
        write_text(self.history_file, text.getvalue())

    def measured(self) -> dict[str, Any]:
        """All scores, as `hemascope.evaluate.detection.score_detections` gives them.

        Raises:
            RunError: the training is not finished.
        """
        return dict(json.loads(self._written(self.metrics_file).read_text("utf-8")))

    @property
    def metrics(self) -> pd.DataFrame:
        """The scores of each kind that is boxed, a row a kind: columns ``kind, fields, boxes, ap50, ap, ...``.

        Raises:
            RunError: the training is not finished.
        """
        rows = []
        for kind, scores in self.measured()["kinds"].items():
            if scores is not None:
                plain = {key: value for key, value in scores.items() if key != "curve"}
                shares = {key: plain.pop(key)["value"] for key in ("recall", "precision")}
                rows.append({"kind": kind, **plain, **shares})
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        """What a notebook shows: the scores of each kind, and where report and detector are."""
        if not self.metrics_file.is_file():
            return paragraphs([f"{self.folder}: not finished; train_detector(resume=...) goes on with it."])
        files = [("Report", self.report_file), ("Detector", self.model_file)]
        links = [f'{name}: <a href="{html.escape(str(path))}">{html.escape(str(path))}</a>' for name, path in files]
        return table(HEADINGS, score_rows(self.measured()), str(self.folder)) + f"<p>{'<br>'.join(links)}</p>"


HEADINGS = ("Cells", "Fields", "Marked", "Average precision", "Threshold", "Recall", "Precision", "Count is off by")


def score_rows(measured: dict[str, Any]) -> list[list[str]]:
    """A row a kind as `HEADINGS` name it, for a terminal, a notebook or a page; kinds boxed nowhere have none."""
    rows = []
    for kind in KINDS:
        scores = measured["kinds"][kind]
        if scores is None:
            continue
        shares = [with_interval([scores[name][key] for key in ("value", "low", "high")]) for name in _SHARES]
        counts = [f"{scores['fields']:,}", f"{scores['boxes']:,}"]
        title = KIND_TITLES[kind].capitalize()
        found = [percent(scores["ap50"]), f"{scores['threshold']:.2f}", *shares, percent(scores["count_error"])]
        rows.append([title, *counts, *found])
    return rows


_SHARES = ("recall", "precision")
