"""Write a challenge's submission and try it like the evaluator."""

from pathlib import Path
from typing import Annotated

import typer


def submit(
    run: Annotated[str, typer.Argument(help="A Run's folder, a model file or a shipped model.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The zip to write.")] = Path("submission.zip"),
    tta_steps: Annotated[
        int, typer.Option(min=1, max=8, help="Classify every image in so many positions; 1: as it is.")
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
    from hemascope.pipeline.submit import submit
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        done = submit(run, output, tta_steps=tta_steps, images=images, limit=limit, progress=progress)
    console = Console(highlight=False)
    for name, words in done.facts:
        console.say(f"{f'{name}:' if name else '':10} {words}")
    console.say(done.heading)
