"""Show where a classifier looks: heat maps of its mistakes."""

from typing import Annotated

import typer

from hemascope.data.kinds import ANY
from hemascope.data.remote.path import located
from hemascope.predict.shipped import DEFAULT


def explain(
    source: Annotated[str, typer.Argument(help=ANY, show_default=False)],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A Run folder, a model file, or the name of a shipped model.")
    ] = DEFAULT,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="For explain.html and sheet.png; or a URL.", show_default=False
        ),
    ] = None,
    images: Annotated[int, typer.Option("--images", "-n", min=1, help="Explain at most so many.")] = 24,
    all_: Annotated[bool, typer.Option("--all", help="Mistakes first, then right answers.")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="Right answers only.")] = False,
    split: Annotated[str, typer.Option(help="Only this split of the source: train, val or test.")] = "",
    policy: Annotated[
        str,
        typer.Option("--policy", "-p", help="Of the augmented pictures: a policy or a recipe. [the Run's own]"),
    ] = "",
    layer: Annotated[
        str | None, typer.Option(help="Of a Run: read the maps of this layer, not the last ones.", show_default=False)
    ] = None,
    smears: Annotated[
        int, typer.Option(min=0, help="Synthetic smears for the share of heat on the cell; 0: leave it out.")
    ] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the augmentation and the smears.")] = 0,
    device: Annotated[
        str | None, typer.Option(help="Of a Run's network: cpu, cuda, cuda:1, mps, auto.", show_default="auto")
    ] = None,
) -> None:
    """Explain a classifier's mistakes: what speaks for the class that it says, and for the true one.

    A Run is explained by Grad-CAM, ensembles too; a model file by occlusion, which takes 65 runs an image. Of
    unlabelled images every class's surest are shown. Beside each picture stands an augmented one with its own answer.
    The share of the heat that lies on the cell is measured on synthetic smears, before and after a change of colours.

    Example: hemascope explain cells/ -m runs/mine -o explained
    """
    from hemascope.pipeline import explain as pipeline
    from hemascope.progress import Terminal
    from hemascope.report.explain import FILE_NAME
    from hemascope.terminal import Console

    with Terminal() as progress:
        study = pipeline.explain(
            source,
            model,
            output=output,
            images=images,
            all=all_,
            correct=correct,
            split=split,
            policy=policy,
            layer=layer,
            smears=smears,
            seed=seed,
            device=device,
            progress=progress,
        )
    console = Console(highlight=False)
    for line in study.words():
        console.say(line)
    if output:
        console.say(f"Report: {located(output) / FILE_NAME}")
