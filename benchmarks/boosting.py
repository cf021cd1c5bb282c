"""What boosting gains: the tables of docs/measured/boosting.md.

    python benchmarks/boosting.py ../shared/data/pbc [--train 1000] [--val 800] [--rounds 5]

Trains the recipes adaboost-features and adaboost-cnn, with some keys changed, on some images of a source, and prints
the accuracy of each learner alone and of those so far together on its validation images; beside them logistic
regression on the same features, alone and boosted by scikit-learn. No part is kept apart: read the differences.
Minutes on two cores.
"""

import argparse
import tempfile
import time
from pathlib import Path

import torch
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hemascope.pipeline.short_parts import read_parts
from hemascope.train.boosting.features import features_of
from hemascope.train.boosting.ledger import Round, read_boosting
from hemascope.train.fit import Part
from hemascope.train.kinds import fit_network
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run
from hemascope.train.start import new_network

TREES = ((), ("boosting.voting=classes",), ("boosting.depth=8",))
NETWORKS = ((), ("boosting.learning_rate=1",))
SHRINKAGE = (0.5, 1.0)
LINEAR_ROUNDS = 15

Parts = dict[str, Part]


def rounds_of(recipe: Recipe, parts: Parts, classes: int) -> tuple[Round, ...]:
    """The rounds of a boosting by a recipe."""
    with tempfile.TemporaryDirectory() as folder:
        fit_network(Run(Path(folder)), recipe, classes, parts["train"], parts["val"])
        log = read_boosting(Path(folder))
    assert log is not None
    return log.rounds


def linear(recipe: Recipe, parts: Parts, classes: int) -> None:
    """Print logistic regression on the features of a recipe, alone and boosted."""
    network = new_network(recipe, classes, pretrained=True)
    seen, unseen = (features_of(network, parts[name].images) for name in ("train", "val"))
    train, val = parts["train"].targets, parts["val"].targets
    scaler = StandardScaler().fit(seen)
    learner = LogisticRegression(max_iter=200)
    alone = make_pipeline(scaler, learner).fit(seen, train).score(unseen, val)
    print(f"| logistic regression | {alone:.3f} |")
    for rate in SHRINKAGE:
        boosted = AdaBoostClassifier(learner, n_estimators=LINEAR_ROUNDS, learning_rate=rate, random_state=0)
        score = boosted.fit(scaler.transform(seen), train).score(scaler.transform(unseen), val)
        print(f"| the same, {LINEAR_ROUNDS} rounds, learning_rate {rate:g} | {score:.3f} |", flush=True)


def told(changes: tuple[str, ...]) -> str:
    """How a row differs from its recipe."""
    return ", ".join(changes) or "the recipe"


def main() -> None:
    """Boost and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--val", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=5, help="of the networks")
    args = parser.parse_args()
    began = time.monotonic()

    def parts_of(recipe: Recipe) -> tuple[int, Parts]:
        classes, parts = read_parts(args.source, recipe, train=args.train, val=args.val)
        return len(classes), parts

    recipe = load_recipe("adaboost-features")
    classes, parts = parts_of(recipe)
    print(f"{len(parts['train'].images)} images to learn from, {len(parts['val'].images)} to validate on")
    print(f"{torch.get_num_threads()} threads\n")
    print("| trees | first alone | first 50 together | all together |\n|---|---|---|---|")
    for changes in TREES:
        rounds = rounds_of(load_recipe("adaboost-features", list(changes)), parts, classes)
        together = [each.ensemble_val_accuracy for each in rounds]
        row = (rounds[0].val_accuracy, together[min(49, len(rounds) - 1)], together[-1])
        print(f"| {told(changes)} | {' | '.join(f'{value:.3f}' for value in row)} |", flush=True)
    print("\n| the same features | |\n|---|---|")
    linear(recipe, parts, classes)

    networks = load_recipe("adaboost-cnn", [f"boosting.rounds={args.rounds}"])
    classes, parts = parts_of(networks)
    numbers = range(1, args.rounds + 1)
    print(f"\n| networks, round | {' | '.join(map(str, numbers))} |\n|---|{'---|' * args.rounds}")
    for changes in NETWORKS:
        rounds = rounds_of(load_recipe("adaboost-cnn", [f"boosting.rounds={args.rounds}", *changes]), parts, classes)
        for name, values in (
            ("alone", [each.val_accuracy for each in rounds]),
            ("together", [each.ensemble_val_accuracy for each in rounds]),
        ):
            print(f"| {name}, {told(changes)} | {' | '.join(f'{value:.3f}' for value in values)} |", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
