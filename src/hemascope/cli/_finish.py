"""What a finished training says on the terminal."""

import shlex

from hemascope.cli._evaluate_show import score_table
from hemascope.data.remote.mirror import as_given
from hemascope.evaluate.summary import read_metrics
from hemascope.pipeline.parts import example_image
from hemascope.report.folds import folds_part
from hemascope.terminal import Console
from hemascope.train.run import Run


def tell(run: Run) -> None:
    """Print the scores, where the report is, and the line that classifies an image."""
    console = Console(highlight=False)
    metrics = read_metrics(run.metrics_file)
    for name, measured in metrics["splits"].items():
        console.print(score_table(name, measured))
    if folds := folds_part(metrics):
        console.print(folds["words"])
    image, model = shlex.quote(str(example_image(run))), shlex.quote(as_given(run.model_file))
    for line in (
        f"Report: {as_given(run.report_file)}",
        f"Classify an image: hemascope predict {image} --model {model}",
    ):
        console.print(line, markup=False, soft_wrap=True)
