"""A model scored on labelled images, and what else can be measured of it there: `hemascope.evaluate`."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hemascope.cells import title
from hemascope.data.manifest import Manifest
from hemascope.data.remote.mirror import into_folder
from hemascope.data.remote.path import located
from hemascope.data.sources import open_source
from hemascope.errors import HemascopeError, SourceError
from hemascope.evaluate.forecast.forecast import Forecast, forecast, remove_forecast
from hemascope.evaluate.not_scored import NotScored
from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
from hemascope.evaluate.predictions import NO_SPLIT, Predictions
from hemascope.evaluate.pseudo.result import PseudoResult, remove_pseudo
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.shift.registry import DEFAULT as CORRUPTIONS
from hemascope.evaluate.shift.registry import choose_corruptions, choose_severities
from hemascope.evaluate.shift.result import ShiftResult, remove_shift
from hemascope.evaluate.shift.suite import shift_suite
from hemascope.evaluate.summary import FILE_NAME as METRICS
from hemascope.evaluate.summary import summarise, write_metrics
from hemascope.evaluate.tta import MOST, Timed, TtaModel, TtaResult, compare_tta, remove_tta
from hemascope.files import check_folder
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.items import check
from hemascope.predict.prediction import appearances
from hemascope.predict.shipped import DEFAULT
from hemascope.predict.unlike import Look, Unlike
from hemascope.progress import SILENT, Progress
from hemascope.report.words import LABORATORY_COLUMNS, headline_split, laboratory_rows
from hemascope.seeds import check_seed
from hemascope.shown import SCORE_TITLES, interval, paragraphs, percent, side_by_side, table

BY = ("class", "laboratory")
"""What the rows of the second table of scores may be."""


@dataclass(frozen=True)
class Evaluation:
    """The scores of a model on labelled images; None what was not asked for.

    Attributes:
        manifest: the images, with the reason filled in for each that could not be read.
        predictions: what the model says of each that was scored.
        metrics: every split measured, see `hemascope.evaluate.summary.summarise`.
        card: of the model.
        tta: the gain by test-time augmentation; then all other scores are with it.
        shift: the scores of the images corrupted in many ways.
        forecast: the accuracy to expect, on an unlabelled folder among others.
        pseudo: the scores of transformed copies.
        by: whether classes or laboratories are the rows that are shown.
        report: the page that tells all this.
    """

    manifest: Manifest
    predictions: Predictions
    metrics: dict[str, Any]
    card: ModelCard
    tta: TtaResult | None = None
    shift: ShiftResult | None = None
    forecast: Forecast | None = None
    pseudo: PseudoResult | None = None
    by: str = "class"
    report: Path | None = None

    @property
    def not_scored(self) -> NotScored:
        """How many images the scores say nothing about, and why."""
        return NotScored.from_json(self.metrics["not_scored"])

    @property
    def unlike(self) -> Unlike | None:
        """That the images are unlike those of the model's calibration; None where they are not, or cannot be told."""
        return Unlike(**self.metrics["unlike"]) if "unlike" in self.metrics else None

    @property
    def unread(self) -> int:
        """How many images were left out because they cannot be read."""
        return self.not_scored.unreadable

    def write(self, folder: Path, sees: Callable[[Sequence[np.ndarray]], list[str]] | None = None) -> Path:
        """Write manifest.parquet, predictions.parquet, metrics.json, a file or two a measurement, and report.html.

        Files of measurements that were not made are removed: they would tell of another model. ``sees`` says what the
        model sees of the mistakes on the page.

        Returns:
            The report's path.
        """
        from hemascope.report.page import write_report  # brings matplotlib and torch

        self.manifest.write(folder / "manifest.parquet")
        self.predictions.write(folder / PREDICTIONS)
        write_metrics(folder / METRICS, self.metrics)
        for measured, remove in (
            (self.tta, remove_tta),
            (self.shift, remove_shift),
            (self.forecast, remove_forecast),
            (self.pseudo, remove_pseudo),
        ):
            if measured is None:
                remove(folder)
            else:
                measured.write(folder)
        return write_report(folder, self.card, sees=sees)

    def _repr_html_(self) -> str:
        """The scores of every split, its confusion matrix, and what else was asked for in sentences and pictures."""
        from hemascope.report import svg  # brings matplotlib
        from hemascope.report.confusion import confusion, draw_confusion
        from hemascope.report.forecast import forecast_rows, forecast_words
        from hemascope.report.pseudo import pseudo_words
        from hemascope.report.shift import draw_shift, shift_scores, shift_words
        from hemascope.report.tta import tta_words

        shown = []
        for name, measured in self.metrics["splits"].items():
            scores = [(label, measured["scores"][key]) for key, label in SCORE_TITLES.items()]
            rows = [(label, percent(score["value"]), interval(score)) for label, score in scores]
            caption = f"{name}: {measured['images']:,} images"
            parts = [table(["Score", "Value", "95% interval"], rows, caption)]
            if self.by == "laboratory":
                parts.append(table(LABORATORY_COLUMNS, laboratory_rows(measured)))
            else:
                rows = [
                    (title(key), percent(part["recall"]["value"]), interval(part["recall"]))
                    for key, part in measured["classes"].items()
                ]
                parts.append(table(["Class", "Recall", "95% interval"], rows))
            parts.append(svg.picture(draw_confusion(confusion(measured), tuple(self.metrics["classes"]))))
            shown.append(side_by_side(parts))
        shown.append(paragraphs([*([self.unlike.message] if self.unlike else []), *self.not_scored.words()]))
        if self.tta:
            shown.append(paragraphs(tta_words(self.tta)))
        if self.shift:
            shown.append(paragraphs(shift_words(self.shift)) + svg.picture(draw_shift(shift_scores(self.shift))))
        if self.forecast:
            rows = [
                (row.title, percent(row.score["value"]), interval(row.score)) for row in forecast_rows(self.forecast)
            ]
            shown.append(table(["Images", "Predicted accuracy", f"{self.forecast.level:.0%} interval"], rows))
            shown.append(paragraphs(forecast_words(self.forecast)))
        if self.pseudo:
            shown.append(paragraphs(pseudo_words(self.pseudo)))
        if self.report:
            shown.append(f"<p>Report: {html.escape(str(self.report))}</p>")
        return "".join(shown)


@into_folder()
def evaluate(
    source: str | Path,
    model: str | Path = DEFAULT,
    *,
    output: str | Path | None = None,
    split: str = "",
    by: str = "class",
    shift: bool = False,
    corruptions: str = CORRUPTIONS,
    severities: str = "1,2,3,4,5",
    shift_images: int | None = None,
    shift_side: int = 224,
    unlabelled: str | Path | None = None,
    pseudo: bool = False,
    pseudo_policy: str = "wide,rand,shift",
    pseudo_copies: int = 12,
    pseudo_images: int | None = None,
    pseudo_side: int = 128,
    tta_steps: int | None = None,
    seed: int = 0,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Evaluation:
    """Score a model on labelled images, with 95% intervals.

    Labels are joined by class name; a source's splits are scored apart. Images that cannot be scored, because the model
    does not know their label or they have none, are counted in ``not_scored``. The further measurements take the split
    that the report speaks of: test or, without one, val.

    Args:
        source: labelled images: class folders, .npz, Parquet, CSV, or a name.
        model: a model file, a Run folder, or the name of a shipped model.
        output: folder for predictions.parquet, metrics.json, report.html, and a file or two of what else was asked for.
        split: only this split of the source: train, val or test.
        by: what the rows of the second table are: class, or laboratory, of which the source must name several.
        shift: also score the images corrupted in many ways, the shift suite.
        corruptions: of the shift suite: names, families, medmnist-c or all, separated by commas.
        severities: of these, of 1 (slight) to 5 (severe).
        shift_images: about so many images are corrupted, every class its share; for ``shift`` and ``unlabelled``.
        shift_side: they are framed to so many pixels before.
        unlabelled: predict the accuracy on this folder of unlabelled images, too.
        pseudo: also score many transformed copies of the images, pseudo-validation.
        pseudo_policy: what transforms them: policies, recipes, shift (its mixture), separated by commas.
        pseudo_copies: of each image.
        pseudo_images: about so many images, every class its share.
        pseudo_side: they are framed to so many pixels before.
        tta_steps: average over so many views of every image, in all scores, and tell the gain.
        seed: of the transformations and of the images drawn.
        device: where the model file's network runs, as of `hemascope.load`.
        progress: told how far it is.

    Raises:
        HemascopeError: options that exclude each other, or names that there are not.
        SourceError: no such source, or no image of it can be scored.
        ModelFileError: no such model.
        DeviceError: the device is not there, or fails.

    >>> found = evaluate("synthetic:16")
    >>> found.metrics["splits"]["all"]["images"]
    16
    """
    if shift_images and not (shift or unlabelled):
        raise HemascopeError("--shift-images is for the shift suite", "Add --shift.")
    if tta_steps and unlabelled:
        raise HemascopeError("the prediction for an unlabelled folder is the plain model's", "Leave out --tta-steps.")
    if pseudo_images and not pseudo:
        raise HemascopeError("--pseudo-images is for pseudo-validation", "Add --pseudo.")
    if tta_steps is not None and not 2 <= tta_steps <= MOST:
        raise HemascopeError(
            f"{tta_steps} views are not between 2 and {MOST}", "Leave out --tta-steps for the image alone."
        )
    check_seed(seed)
    if by not in BY:
        raise HemascopeError(f"scores by {by!r} are not known", f"Known: {', '.join(BY)}.")
    folder = None if output is None else Path(output)
    if folder:
        check_folder(folder)
    if shift:
        chosen, degrees = choose_corruptions(corruptions), choose_severities(severities)
    if unlabelled:
        check([str(unlabelled)])
    if pseudo:
        from hemascope.evaluate.pseudo.transforms import choose_transforms  # brings torch
        from hemascope.evaluate.pseudo.validate import labelled_pixels, pseudo_validate

        transforms = choose_transforms(pseudo_policy)

    classifier = load(model, device=device)
    if classifier.device.said:
        progress.say(classifier.device.said)
    scored = Timed(TtaModel(classifier, tta_steps) if tta_steps else classifier)
    manifest = open_source(source, progress=progress).in_split(split)

    look = Look(classifier.card)
    predictions, manifest = score_model(
        scored, manifest, temperature=classifier.card.temperature, look=look, progress=progress
    )
    metrics = summarise(predictions, NotScored.of(manifest, classifier.classes), look.unlike())
    if by == "laboratory" and not any("laboratories" in measured for measured in metrics["splits"].values()):
        raise SourceError(
            f"{manifest.name or 'the source'}: no split has scored images of two laboratories",
            "Name them: folders laboratory=NAME above the classes, or a column 'laboratory' in the CSV or Parquet.",
        )

    headline = headline_split(metrics) or NO_SPLIT
    part = "" if headline == NO_SPLIT else headline
    shown, said = manifest.rows(manifest.table["split"] == part), predictions.of(headline)
    gain = shifted = expected = copied = None
    if tta_steps:
        gain = _gain(classifier, shown, said, tta_steps, scored.milliseconds, part, progress)
    if shift:
        shifted = shift_suite(
            scored,
            shown,
            chosen,
            severities=degrees,
            images=shift_images,
            side=shift_side,
            seed=seed,
            split=part,
            progress=progress,
        )
    if unlabelled:
        expected = forecast(
            classifier,
            shown,
            said,
            located(str(unlabelled)),
            images=shift_images,
            side=shift_side,
            seed=seed,
            split=part,
            progress=progress,
        )
    if pseudo:
        pixels, targets = labelled_pixels(
            shown, classifier.classes, side=pseudo_side, images=pseudo_images, seed=seed, progress=progress
        )
        copied = pseudo_validate(
            scored, pixels, targets, transforms, copies=pseudo_copies, seed=seed, split=part, progress=progress
        )

    found = Evaluation(manifest, predictions, metrics, classifier.card, gain, shifted, expected, copied, by)
    return replace(found, report=found.write(folder, partial(appearances, classifier))) if folder else found


def _gain(
    model: Classifier,
    source: Manifest,
    averaged: Predictions,
    steps: int,
    averaged_ms: float,
    split: str,
    progress: Progress,
) -> TtaResult:
    """Score the plain model, too, and compare with what was said of the same images over ``steps`` views."""
    plain = Timed(model)
    said, _ = score_model(plain, source, progress=progress)
    return compare_tta(
        said.targets,
        said.predicted,
        averaged.predicted,
        steps=steps,
        plain_ms=plain.milliseconds,
        averaged_ms=averaged_ms,
        split=split,
        applied=True,
    )
