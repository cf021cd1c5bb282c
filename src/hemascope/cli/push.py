"""Put a model on the Hugging Face hub."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    run: Annotated[
        str,
        typer.Argument(
            help="Folder of a finished training, a model file or a shipped model's name.", show_default=False
        ),
    ],
    name: Annotated[str, typer.Argument(help="The repository, user/name.", show_default=False)],
    private: Annotated[bool, typer.Option("--private", help="Only its owners may see it.")] = False,
    revision: Annotated[str | None, typer.Option(help="The branch to write. [main]", show_default=False)] = None,
    licence: Annotated[
        str, typer.Option(help="Licence of the weights. [that of the training data]", show_default=False)
    ] = "",
    report: Annotated[
        bool, typer.Option("--report", help="Send report.html too, which shows pictures of the data.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FOLDER", help="Write the files here instead.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
) -> None:
    """Put a model on the Hugging Face hub: its file, a model card with its scores, its weights.

    Afterwards -m hf://user/name loads it in every command that takes a model. The token is that of `hf auth login` or
    HF_TOKEN.

    Examples:

        hemascope push runs/mine ada/cells --private
        hemascope push runs/mine ada/cells -o folder
    """
    from hemascope.pipeline.push import push
    from hemascope.progress import Terminal
    from hemascope.terminal import Console

    with Terminal() as progress:
        pushed = push(
            run,
            name,
            private=private,
            revision=revision,
            licence=licence,
            report=report,
            output=output,
            dry_run=dry_run,
            progress=progress,
        )
    console = Console(highlight=False)
    for line in pushed.lines:
        console.say(line)
