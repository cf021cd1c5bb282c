"""Train a classifier on labelled images and say how good it is."""

from typing import Annotated

import typer

from hemascope.data.kinds import LABELLED


def train(
    source: Annotated[
        str | None,
        typer.Argument(help=LABELLED, show_default=False),
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", "-r", help="A shipped recipe or a YAML file.")] = "standard",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a key of the recipe.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Of the Run; or a URL. [runs/RECIPE-TIME]", show_default=False
        ),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with this Run, where it was stopped.", show_default=False)
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be trained and for how many minutes; write nothing.")
    ] = False,
) -> None:
    """Train a classifier; the Run's folder gets its scores, report.html and model.onnx.

    SOURCE is a folder of class folders (with or without train/val/test above them), a MedMNIST or challenge .npz,
    Parquet, a CSV of paths and labels, or a name: bloodmnist, bloodmnist_64, _128, _224, synthetic.

    Ctrl-C or a crash loses at most one epoch: go on with --resume RUN.

    Examples:

        hemascope train cells/ -r robust -o runs/mine
        hemascope train --resume runs/mine
    """
    from hemascope.cli._finish import tell
    from hemascope.errors import HemascopeError
    from hemascope.pipeline import plan as planning
    from hemascope.pipeline import train as pipeline
    from hemascope.progress import Terminal

    if (source is None) == (resume is None):
        raise HemascopeError(
            "train wants either a SOURCE of images or --resume RUN", "hemascope train --help shows examples of both."
        )
    if plan and (resume or output):
        raise HemascopeError(
            "--plan says what a new training would do and writes nothing: --resume and -o do not go with it",
            "Leave them out.",
        )
    if resume and (recipe != "standard" or set_ or output):
        raise HemascopeError(
            "--resume goes on as the Run began: --recipe, --set and -o do not go with it", "Leave them out."
        )
    with Terminal() as progress:
        if plan:
            assert source is not None
            planned = planning.plan(source, recipe, set=set_ or (), progress=progress)
        elif resume:
            run = pipeline.resume(resume, progress=progress)
        else:
            assert source is not None
            run = pipeline.train(source, recipe, set=set_ or (), output=output, progress=progress)
    if plan:
        typer.echo("\n".join(planned.lines))
    else:
        tell(run)
