"""Write a challenge's submission and try it like the evaluator."""

from pathlib import Path
from typing import Annotated

import typer


def submit(
    model: Annotated[
        str, typer.Argument(metavar="RUN", help="A Run's folder, a model file or a shipped model.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The zip to write.")] = Path("submission.zip"),
    tta_steps: Annotated[
        int, typer.Option(min=1, max=8, help="Judge every image in so many positions; 1: as it is.")
    ] = 1,
    images: Annotated[int, typer.Option(min=1, help="How many images the evaluator feeds.")] = 3421,
    limit: Annotated[float, typer.Option(min=1, help="Seconds that the evaluator grants.")] = 6000,
) -> None:
    """Write a zip: model.py with the class Model, and the weights beside it.

    A clean process then plays the evaluator. With nothing but numpy and
    onnxruntime at hand it loads the zip, feeds it the Run's evaluated images at
    96 x 96 pixels, over and over until there are enough, and checks shape, type,
    time, memory, and that every class is the one that the Run's model gives. A
    zip that fails is not kept.
    """
    from rich.console import Console

    from hemascope.cli._submit_show import submission_lines
    from hemascope.export.submission.submit import write_submission

    with Console(stderr=True).status("") as status:
        done = write_submission(model, output, tta_steps=tta_steps, images=images, limit=limit, progress=status.update)
    console = Console(highlight=False, soft_wrap=True)
    for line in submission_lines(done, limit):
        console.print(line, markup=False)
