"""Score a model on labelled images."""

from typing import Annotated

import typer

from hemascope.data.kinds import LABELLED
from hemascope.predict.devices import HELP as DEVICE
from hemascope.predict.shipped import DEFAULT


def evaluate(
    source: Annotated[str, typer.Argument(help=LABELLED, show_default=False)],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model file, a Run folder, or the name of a shipped model.")
    ] = DEFAULT,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="For predictions.parquet, metrics.json, report.html; or a URL.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Only this split of the source: train, val or test.")] = "",
    by: Annotated[
        str, typer.Option(help="Rows of the second table: class, or laboratory where the source names several.")
    ] = "class",
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
        str | None,
        typer.Option(
            metavar="FOLDER", help="Predict the accuracy on this folder of unlabelled images, too.", show_default=False
        ),
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
            help="In all scores, average over so many views of every image; tell the gain.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="For --shift and --pseudo: of the transformations and of the images drawn.")
    ] = 0,
    device: Annotated[str | None, typer.Option(help=DEVICE, show_default=False)] = None,
) -> None:
    """Score a model on labelled images, with 95% intervals.

    Labels are joined by class name; a source's splits are scored apart. With -o the folder also gets the
    predictions table, the metrics and the report. --shift adds shift.csv and shift.json; of a source with several
    splits it scores test or, without one, val. --unlabelled FOLDER predicts the accuracy on clean images, on
    transformed ones and on that folder, with 90% intervals, from the same split; with -o as forecast.json. --pseudo
    scores that split too and adds pseudo.csv and pseudo.json. With --tta-steps all scores are those of the model behind
    test-time augmentation, and tta.json compares it with the plain one.

    Example: hemascope evaluate cells/ -m runs/mine -o scored
    """
    from hemascope.cli._evaluate_show import evaluation_lines
    from hemascope.data.remote.mirror import as_given
    from hemascope.pipeline import evaluate as pipeline
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        found = pipeline.evaluate(
            source,
            model,
            output=output,
            split=split,
            by=by,
            shift=shift,
            corruptions=corruptions,
            severities=severities,
            shift_images=shift_images,
            shift_side=shift_side,
            unlabelled=unlabelled,
            pseudo=pseudo,
            pseudo_policy=pseudo_policy,
            pseudo_copies=pseudo_copies,
            pseudo_images=pseudo_images,
            pseudo_side=pseudo_side,
            tta_steps=tta_steps,
            seed=seed,
            device=device,
            progress=progress,
        )
    console = Console()
    for line in evaluation_lines(found):
        console.print(line)
    if found.report:
        console.print(f"Report: {as_given(found.report)}", markup=False, soft_wrap=True)
