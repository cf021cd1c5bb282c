"""Complete commands and options in bash, zsh or fish."""

from typing import Annotated

import typer


def completion(
    shell: Annotated[str, typer.Argument(help="bash, zsh or fish.", show_default=False)],
) -> None:
    """Print a script that completes hemascope's commands and options.

    Once for a shell that is open, or for good in the file that it reads at its start:

        bash, ~/.bashrc:  source <(hemascope completion bash)
        zsh, ~/.zshrc:    source <(hemascope completion zsh)
        fish:             hemascope completion fish | source

    For a faster start keep the output in a file, and write it anew after an upgrade. Values are completed as files.
    """
    from hemascope.cli import commands
    from hemascope.cli._completion import SHELLS, script
    from hemascope.cli._dispatch import options_of
    from hemascope.errors import HemascopeError

    if shell not in SHELLS:
        raise HemascopeError(f"no completion for {shell!r}", f"Name one of: {', '.join(SHELLS)}.")
    lines = commands()
    print(script(shell, lines, {name: options_of(name) for name in lines}))  # noqa: T201
