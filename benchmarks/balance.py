"""The four class balances side by side: the same images, split and seed, scored on the same images.

    python benchmarks/balance.py SOURCE [--recipe quick] [--limit N] [--test SOURCE] [--set KEY=VALUE ...]

Trains one network an option and prints a Markdown table with 95% bootstrap intervals. Without --test the scores are
those of the test part, else of the validation part, which also chose the epoch that is kept.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import get_args

import numpy as np
import torch

import hemascope
from hemascope.data.sources import open_source
from hemascope.evaluate.bootstrap import Score, interval, resampled
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.score_model import score_model
from hemascope.pipeline.train import train
from hemascope.train.recipe import Balance
from hemascope.train.run import Run

OPTIONS = get_args(Balance.model_fields["name"].annotation)


def scored(run: Run, test: str | None) -> Predictions:
    """The predictions to measure."""
    if test:
        classifier = hemascope.load(run.model_file)
        return score_model(classifier, open_source(test), temperature=classifier.card.temperature)[0]
    predictions = Predictions.read(run.predictions_file)
    return predictions.of("test" if "test" in predictions.splits else "val")


def scores(predictions: Predictions) -> list[Score]:
    """Accuracy, balanced accuracy and the lowest recall of a class, each with the interval of that very measure."""
    known = predictions.targets >= 0
    targets = predictions.targets[known]
    right = (predictions.predicted[known] == targets).astype(np.float32)
    member = (targets[:, None] == np.arange(len(predictions.classes))).astype(np.float32)

    def measure(draws: np.ndarray) -> dict[str, np.ndarray]:
        seen = draws @ member
        recall = np.divide((draws * right) @ member, seen, out=np.full_like(seen, np.nan), where=seen > 0)
        return {
            "accuracy": (draws @ right) / len(right),
            "balanced": np.nanmean(recall, axis=1),
            "worst": np.nanmin(recall, axis=1),
        }

    values = measure(np.ones((1, len(right)), np.float32))
    spread = resampled(len(right), measure)
    return [interval(float(values[name][0]), spread[name]) for name in values]


def main() -> None:
    """Train, score and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--test", help="score on all images of this source instead")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    limit = [f"limit={args.limit}"] if args.limit else []
    print(f"{args.source}, recipe {args.recipe} {' '.join(limit + args.set)}, {torch.get_num_threads()} threads\n")
    columns = ("balance", "images", "accuracy", "balanced accuracy", "worst class's recall", "minutes")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name in OPTIONS:
        changes = [*limit, *args.set, f"balance.name={name}"]
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            run = train(args.source, args.recipe, set=changes, output=Path(folder) / name)
            minutes = (time.monotonic() - began) / 60
            predictions = scored(run, args.test)
        cells = [f"{100 * value:.1f}% [{100 * low:.1f}-{100 * high:.1f}]" for value, low, high in scores(predictions)]
        print(f"| {name} | {len(predictions):,} | {' | '.join(cells)} | {minutes:.1f} |", flush=True)


if __name__ == "__main__":
    main()
