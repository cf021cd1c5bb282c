"""Run -> model file: whole, as the training left it, or in eight bits."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hemascope.data.remote.delivery import here
from hemascope.errors import HemascopeError
from hemascope.export.small import export_int8
from hemascope.files import atomic
from hemascope.predict.shipped import find
from hemascope.progress import SILENT, Progress
from hemascope.report.words import headline_split
from hemascope.shown import SCORE_TITLES, paragraphs, with_interval


@dataclass(frozen=True)
class Exported:
    """A model file.

    Attributes:
        path: of the file.
        metrics: its own, as `hemascope.evaluate.summary.summarise` gives them; None where it is the Run's file as it
            was, whose scores hold.
    """

    path: Path
    metrics: dict[str, Any] | None

    @property
    def lines(self) -> list[str]:
        """Its accuracy where it was measured, its path and its size, in words."""
        said = [f"Model file: {self.path} ({self.path.stat().st_size / 1e6:.1f} MB)"]
        if self.metrics is not None:
            split = headline_split(self.metrics)
            accuracy = self.metrics["splits"][split]["scores"]["accuracy"]
            value = with_interval([accuracy[part] for part in ("value", "low", "high")])
            said.insert(0, f"{SCORE_TITLES['accuracy']} on {split}: {value}")
        return said

    def _repr_html_(self) -> str:
        return paragraphs(self.lines)


def export(run: str | Path, output: str | Path, *, int8: bool = False, progress: Progress = SILENT) -> Exported:
    """Write a Run's classifier to a file that runs anywhere.

    Args:
        run: folder of a finished training; a model file or a shipped model's name will do for a file as it is.
        output: the model file, .onnx.
        int8: convolutions in eight bits, a third of the size. The network is quantised on 300 training images and
            scored again on the held-out ones: both must still be where they were.
        progress: told of each step.

    Raises:
        HemascopeError: a name that does not end in .onnx, or a Run that is not finished or whose images are gone.

    >>> import tempfile
    >>> export("robust", Path(tempfile.mkdtemp()) / "model.onnx").metrics is None
    True
    """
    output = here(output)
    if output.suffix != ".onnx":
        raise HemascopeError(f"{output}: a model file ends in .onnx", "Change the name after -o.")
    if int8:
        return Exported(output, export_int8(Path(run), output, name=output.stem, progress=progress))
    model = find(run)
    with atomic(output) as temporary:
        shutil.copyfile(model, temporary)
    return Exported(output, None)
