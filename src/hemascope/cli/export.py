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
    again on the held-out ones: both must still be where they were.
    """
    import shutil

    from rich.console import Console

    from hemascope.errors import HemascopeError
    from hemascope.files import atomic
    from hemascope.predict.shipped import find
    from hemascope.report.words import SCORE_TITLES, headline_split, interval, percent

    if output.suffix != ".onnx":
        raise HemascopeError(f"{output}: a model file ends in .onnx", "Change the name after -o.")
    console = Console(highlight=False, soft_wrap=True)
    if int8:
        from hemascope.export.small import export_int8

        with Console(stderr=True).status("") as status:
            metrics = export_int8(run, output, name=output.stem, progress=status.update)
        split = headline_split(metrics)
        accuracy = metrics["splits"][split]["scores"]["accuracy"]
        console.print(f"{SCORE_TITLES['accuracy']} on {split}: {percent(accuracy['value'])} ({interval(accuracy)})")
    else:
        model = find(run)
        with atomic(output) as temporary:
            shutil.copyfile(model, temporary)
    console.print(f"Model file: {output} ({output.stat().st_size / 1e6:.1f} MB)", markup=False)
