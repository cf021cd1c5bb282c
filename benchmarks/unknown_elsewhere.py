"""What a model's score of unknown objects says of other laboratories' cells, and of what is no cell.

    python benchmarks/unknown_elsewhere.py MODEL [MODEL ...] --cells SOURCE [SOURCE ...] --strange SOURCE [SOURCE ...]

Prints for each model the share that it flags of each source's images, and the area under the ROC curve of each strange
source against each of the cells. A minute on two cores.
"""

import argparse
from pathlib import Path

import numpy as np

import hemascope
from hemascope.evaluate.unknown import auroc


def scores(model: str, source: str) -> np.ndarray:
    """The score of every readable image, float64 (n,)."""
    return np.array([row["unknown"] for row in hemascope.predict(source, model).rows() if not row["error"]])


def main() -> None:
    """Look and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--cells", nargs="+", required=True)
    parser.add_argument("--strange", nargs="+", default=[])
    options = parser.parse_args()
    for name in options.models:
        limit = hemascope.load(name).unknown_threshold
        print(f"\n{name}\n\n| images | flagged |" + "".join(f" AUROC of {Path(one).name} |" for one in options.strange))
        print("|---|---|" + "---|" * len(options.strange))
        strange = [scores(name, one) for one in options.strange]
        for one, found in zip(options.strange, strange, strict=True):
            print(f"| {Path(one).name}, {len(found):,} | {(found > limit).mean():.1%} |" + " |" * len(strange))
        for source in options.cells:
            found = scores(name, source)
            told = [auroc(found, one) for one in strange]
            cells = "".join(f" {score.value:.3f} [{score.low:.3f} to {score.high:.3f}] |" for score in told)
            print(f"| {Path(source).stem}, {len(found):,} | {(found > limit).mean():.1%} |{cells}")


if __name__ == "__main__":
    main()
