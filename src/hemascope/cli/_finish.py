"""What a finished training says on the terminal."""

import shlex

from rich.console import Console

from hemascope.cli._evaluate_show import score_table
from hemascope.evaluate.summary import read_metrics
from hemascope.pipeline.parts import example_image
from hemascope.report.folds import folds_part
from hemascope.train.run import Run


def tell(run: Run, console: Console) -> None:
    """The scores, where the report is, and the line that classifies an image."""
    metrics = read_metrics(run.metrics_file)
    for name, measured in metrics["splits"].items():
        console.print(score_table(name, measured))
    if folds := folds_part(metrics):
        console.print(folds["words"], highlight=False)
    image, model = shlex.quote(str(example_image(run))), shlex.quote(str(run.model_file))
    console.print(f"Report: {run.report_file}", markup=False, highlight=False, soft_wrap=True)
    console.print(
        f"Classify an image: hemascope predict {image} --model {model}", markup=False, highlight=False, soft_wrap=True
    )
