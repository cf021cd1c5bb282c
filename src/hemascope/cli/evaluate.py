"""Score a model on labelled images."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hemascope.data.kinds import LABELLED

if TYPE_CHECKING:
    from rich.table import Table

    from hemascope.evaluate.score_model import Model


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A model file, a Run folder, or the name of a shipped model.", show_default=False)
    ],
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for predictions.parquet, metrics.json, report.html.", show_default=False
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Only this split of the source: train, val or test.")] = "",
    shift: Annotated[
        bool, typer.Option("--shift", help="Also score the images corrupted in many ways: the shift suite.")
    ] = False,
    corruptions: Annotated[
        str, typer.Option(help="For --shift: names, families, medmnist-c or all, separated by commas.")
    ] = "medmnist-c,random",
    severities: Annotated[str, typer.Option(help="For --shift: of 1 (slight) to 5 (severe).")] = "1,2,3,4,5",
    shift_images: Annotated[
        int | None, typer.Option(min=1, help="For --shift, --unlabelled: about so many images, by class.")
    ] = None,
    shift_side: Annotated[
        int, typer.Option(min=28, help="For --shift: frame to so many pixels before corrupting.")
    ] = 224,
    unlabelled: Annotated[
        Path | None,
        typer.Option(help="Predict the accuracy on this folder of unlabelled images, too.", show_default=False),
    ] = None,
    pseudo: Annotated[
        bool, typer.Option("--pseudo", help="Also score many transformed copies of the images: pseudo-validation.")
    ] = False,
    pseudo_policy: Annotated[
        str, typer.Option(help="For --pseudo: policies, recipes, shift (its mixture), separated by commas.")
    ] = "wide,rand,shift",
    pseudo_copies: Annotated[int, typer.Option(min=1, max=1000, help="For --pseudo: copies of each image.")] = 12,
    pseudo_images: Annotated[
        int | None, typer.Option(min=1, help="For --pseudo: about so many images, of every class its share.")
    ] = None,
    pseudo_side: Annotated[
        int, typer.Option(min=28, help="For --pseudo: frame to so many pixels before transforming.")
    ] = 128,
    tta_steps: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=40,
            help="Average over so many views of every image, in all scores; tell the gain.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="For --shift and --pseudo: of the transformations and of the images drawn.")
    ] = 0,
) -> None:
    """Score a model on labelled images, with 95% intervals.

    Labels are joined by class name; a source's splits are scored apart. With -o the folder also gets the
    predictions table, the metrics and the report. --shift adds shift.csv and shift.json; of a source with several
    splits it scores test or, without one, val. --unlabelled DIR predicts the accuracy on clean images, on
    transformed ones and on that folder, with 90% intervals, from the same split; with -o as forecast.json. --pseudo
    scores that split too and adds pseudo.csv and pseudo.json. With --tta-steps all scores are those of the model behind
    test-time augmentation, and tta.json compares it with the plain one.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    import hemascope
    from hemascope.data.sources import open_source
    from hemascope.errors import HemascopeError
    from hemascope.evaluate.score_model import score_model
    from hemascope.evaluate.summary import summarise

    if shift_images and not (shift or unlabelled):
        raise HemascopeError("--shift-images is for the shift suite", "Add --shift.")
    if tta_steps and unlabelled:
        raise HemascopeError("the prediction for an unlabelled folder is the plain model's", "Leave out --tta-steps.")
    if pseudo_images and not pseudo:
        raise HemascopeError("--pseudo-images is for pseudo-validation", "Add --pseudo.")
    if shift:
        from hemascope.evaluate.shift.registry import choose_corruptions, choose_severities

        asked = choose_corruptions(corruptions), choose_severities(severities)
    if pseudo:
        from hemascope.evaluate.pseudo.transforms import choose_transforms

        transforms = choose_transforms(pseudo_policy)
    if unlabelled:
        from hemascope.cli._forecast_show import check_folder, forecast_lines, run_forecast

        check_folder(unlabelled)
    classifier = hemascope.load(model)
    judge: Model = classifier
    if tta_steps:
        from hemascope.evaluate.tta import Timed, TtaModel

        judge = timed = Timed(TtaModel(classifier, tta_steps))
    manifest = open_source(source).in_split(split)
    bar = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bar, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=int((manifest.usable & (manifest.table["label"] != "")).sum()))
        predictions, manifest = score_model(
            judge,
            manifest,
            temperature=classifier.card.temperature,
            progress=lambda done: progress.update(task, completed=done),
        )
    metrics = summarise(predictions)
    console = Console()
    for name, measured in metrics["splits"].items():
        console.print(score_table(name, measured), class_table(measured))
    unread = int((manifest.table["error"] != "").sum())
    if unread:
        console.print(f"Not scored, because unreadable: {unread:,}")
    if shift or unlabelled or pseudo or tta_steps:
        from hemascope.evaluate.predictions import NO_SPLIT
        from hemascope.report.words import headline_split

        headline = headline_split(metrics) or NO_SPLIT
        part = "" if headline == NO_SPLIT else headline
        shown = manifest.rows(manifest.table["split"] == part)
    if tta_steps:
        from hemascope.cli._tta_show import run_tta, tta_lines

        gained = run_tta(
            classifier, shown, predictions.of(headline), steps=tta_steps, averaged_ms=timed.milliseconds, split=part
        )
        for line in tta_lines(gained):
            console.print(line)
    if shift:
        from hemascope.cli._shift_show import run_shift, shift_lines

        result, pace = run_shift(judge, shown, *asked, images=shift_images, side=shift_side, seed=seed, split=part)
        for line in shift_lines(result, pace):
            console.print(line)
    if unlabelled:
        forecast = run_forecast(
            classifier,
            shown,
            predictions.of(headline),
            unlabelled,
            split=part,
            images=shift_images,
            side=shift_side,
            seed=seed,
        )
        for line in forecast_lines(forecast):
            console.print(line)
    if pseudo:
        from hemascope.cli._pseudo_show import pseudo_lines, run_pseudo

        copied = run_pseudo(
            judge,
            shown,
            transforms,
            copies=pseudo_copies,
            images=pseudo_images,
            side=pseudo_side,
            seed=seed,
            split=part,
        )
        for line in pseudo_lines(copied):
            console.print(line)
    if output:
        from hemascope.evaluate.forecast.forecast import remove_forecast, write_forecast
        from hemascope.evaluate.predictions import FILE_NAME as PREDICTIONS
        from hemascope.evaluate.pseudo.result import remove_pseudo
        from hemascope.evaluate.shift.result import remove_shift
        from hemascope.evaluate.summary import FILE_NAME as METRICS
        from hemascope.evaluate.summary import write_metrics
        from hemascope.evaluate.tta import FILE_NAME as TTA
        from hemascope.report.page import write_report

        manifest.write(output / "manifest.parquet")
        predictions.write(output / PREDICTIONS)
        write_metrics(output / METRICS, metrics)
        if shift:
            result.write(output)
        else:
            remove_shift(output)
        if pseudo:
            copied.write(output)
        else:
            remove_pseudo(output)
        if tta_steps:
            gained.write(output)
        else:
            (output / TTA).unlink(missing_ok=True)
        if unlabelled:
            write_forecast(output, **forecast)
        else:
            remove_forecast(output)
        console.print(f"Report: {write_report(output, classifier.card)}", markup=False, soft_wrap=True)


def score_table(split: str, measured: dict[str, Any]) -> "Table":
    """The scores over all images of a split of metrics.json, for an 80 column terminal."""
    from rich.markup import escape
    from rich.table import Table

    from hemascope.report.words import SCORE_TITLES, interval, percent

    table = Table("Score", title=f"{escape(split)}: {measured['images']:,} images", title_justify="left")
    table.add_column("Value", justify="right")
    table.add_column("95% interval", justify="right")
    for name, label in SCORE_TITLES.items():
        score = measured["scores"][name]
        macro = "" if "accuracy" in name else ", macro"
        table.add_row(label + macro, percent(score["value"]), interval(score))
    return table


def class_table(measured: dict[str, Any]) -> "Table":
    """The scores by class of a split of metrics.json, for an 80 column terminal."""
    from rich.markup import escape
    from rich.table import Table

    from hemascope.cells import title
    from hemascope.report.words import interval, percent

    table = Table("Class")
    for heading in ("Images", "Precision", "Recall", "F1", "95% interval", "AUC"):
        table.add_column(heading, justify="right")
    for name, part in measured["classes"].items():
        values = {key: percent(part[key]["value"]) for key in ("precision", "recall", "f1", "auc")}
        table.add_row(
            escape(title(name)),
            f"{part['support']:,}",
            values["precision"],
            values["recall"],
            values["f1"],
            interval(part["f1"]),
            values["auc"],
        )
    return table
