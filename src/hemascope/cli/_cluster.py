"""The options of commands whose parts are trained side by side on a Ray cluster."""

from typing import Any

import typer

GPUS: Any = typer.Option(min=0, metavar="N", help="GPUs of each; 0.5: two share one.", show_default="1 if any")
"""Of --gpus-each."""


def place(parts: str) -> Any:
    """Of --on: where ``parts`` are trained."""
    said = f"Train {parts} side by side on a Ray cluster: ray, or ray://HOST:10001."
    return typer.Option(metavar="CLUSTER", help=said, show_default=False)


def cores(part: str) -> Any:
    """Of --cores-each: what a ``part`` gets."""
    return typer.Option(min=1, metavar="N", help=f"Cores of each {part} there.", show_default="divided")
