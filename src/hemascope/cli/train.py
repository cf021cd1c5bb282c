"""Train a classifier on labelled images and say how good it is."""

from typing import Annotated, Any

import typer

from hemascope.cli._cluster import GPUS, cores, place
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
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda, cuda:1, mps (a Mac's GPU) or auto, the best one there.", show_default="auto"),
    ] = None,
    devices: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Share every batch among so many devices.", show_default="1")
    ] = None,
    num_nodes: Annotated[int, typer.Option(min=1, metavar="N", help="Machines that run this same command.")] = 1,
    on: Annotated[str | None, place("folds")] = None,
    cores_each: Annotated[int | None, cores("fold")] = None,
    gpus_each: Annotated[float | None, GPUS] = None,
) -> None:
    """Train a classifier; the Run's folder gets its scores, report.html and model.onnx.

    Class folders may have train, val and test above them. Names of sources: bloodmnist, bloodmnist_64, _128, _224,
    synthetic.

    Ctrl-C or a crash loses at most one epoch: go on with --resume RUN. Several GPUs share a training by --devices;
    under torchrun, all of them do.

    With --on, folds (--set folds=5, or split_by=laboratory) are trained side by
    side on a cluster, whose machines all see the Run's folder; one that is lost
    loses at most an epoch.

    Examples:

        hemascope train cells/ -r robust -o runs/mine
        hemascope train --resume runs/mine
    """
    from hemascope.cli._finish import tell
    from hemascope.errors import HemascopeError
    from hemascope.pipeline import plan as planning
    from hemascope.pipeline import train as pipeline
    from hemascope.progress import Terminal
    from hemascope.train.launch import leads

    if (source is None) == (resume is None):
        raise HemascopeError(
            "train wants either a SOURCE of images or --resume RUN", "hemascope train --help shows examples of both."
        )
    if plan and on:
        raise HemascopeError("--plan times a training on this machine: --on does not go with it", "Leave it out.")
    if plan and (resume or output):
        raise HemascopeError(
            "--plan says what a new training would do and writes nothing: --resume and -o do not go with it",
            "Leave them out.",
        )
    if plan and (devices or num_nodes > 1):
        raise HemascopeError(
            "--plan times one device: --devices and --num-nodes do not go with it",
            "Leave them out; several take more than their share of that time.",
        )
    if resume and (recipe != "standard" or set_ or output):
        raise HemascopeError(
            "--resume goes on as the Run began: --recipe, --set and -o do not go with it", "Leave them out."
        )
    where: dict[str, Any] = {
        "on": on, "cores_each": cores_each, "gpus_each": gpus_each,
        "device": device, "devices": devices, "num_nodes": num_nodes,
    }  # fmt: skip
    with Terminal() as progress:
        if resume is not None:
            run = pipeline.resume(resume, **where, progress=progress)
        else:
            assert source is not None
            if plan:
                planned = planning.plan(source, recipe, set=set_ or (), device=device, progress=progress)
            else:
                run = pipeline.train(source, recipe, set=set_ or (), output=output, **where, progress=progress)
    if plan:
        typer.echo("\n".join(planned.lines))
    elif leads(num_nodes):
        tell(run)
