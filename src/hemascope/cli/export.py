"""Write a training's model file, whole or in eight bits."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file, .onnx.", show_default=False)],
    int8: Annotated[
        bool, typer.Option("--int8", help="Convolutions in eight bits: a third of the size, scored anew.")
    ] = False,
) -> None:
    """Write a Run's classifier to a file that runs anywhere.

    Without --int8 it is the Run's own model.onnx. With it the network is quantised on 300 training images and scored
    again on the held-out ones: all these must still be where they were.
    """
    from hemascope.pipeline.export import export
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        exported = export(run, output, int8=int8, progress=progress)
    console = Console(highlight=False)
    for line in exported.lines:
        console.say(line)
