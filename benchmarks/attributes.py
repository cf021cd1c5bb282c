"""What a model says of cells beside their class: how right it is, and how right the class alone would be.

    python benchmarks/attributes.py PBC WBCATT.csv [--model robust] [--cost PLAIN.onnx]

PBC holds train/ and val/ (Acevedo et al. 2020), WBCATT.csv the attributes of their images (Tsutsui, Pang, Wen 2023).
Prints a Markdown table of the images in val/: macro F1 of each attribute; the same where every cell has the value that
is the most frequent one of its true class in train/; how many cells a value is said of, and how often that is right.
With --cost, what the heads add to the time of opening the file and of a prediction, beside the same file without them,
the two taking turns: seconds of the processor, which others on the machine do not lengthen. A minute on two cores.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import hemascope
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.evaluate.bootstrap import Score, interval, resampled
from hemascope.export.attributes import labelled_rows
from hemascope.jeffreys import jeffreys
from hemascope.predict.classifier import Classifier
from hemascope.predict.modelfile import BATCH
from hemascope.predict.stream import said_of


def macro_f1(truth: np.ndarray, said: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Macro F1, float (b,), of texts (n,) where each image counts as often as it was drawn, float (b, n)."""
    values = np.unique(np.concatenate([truth, said]))
    is_so, called = (values == column[:, None] for column in (truth, said))
    both, either = draws @ (is_so & called).astype(np.float32), draws @ (is_so.astype(np.float32) + called)
    with np.errstate(invalid="ignore"):
        return np.nanmean(2 * both / either, axis=1)


def compared(truth: np.ndarray, ours: np.ndarray, others: np.ndarray) -> tuple[Score, Score, Score]:
    """Macro F1 of ours, of the others, and the difference, over texts (n, a), meaned over the attributes."""

    def measure(draws: np.ndarray) -> dict[str, np.ndarray]:
        columns = range(truth.shape[1])
        first, second = (
            np.mean([macro_f1(truth[:, i], said[:, i], draws) for i in columns], axis=0) for said in (ours, others)
        )
        return {"ours": first, "others": second, "gain": first - second}

    whole = measure(np.ones((1, len(truth)), np.float32))
    drawn = resampled(len(truth), measure)
    ours_, others_, gain = (
        interval(whole[name][0], drawn[name], difference=name == "gain") for name in ("ours", "others", "gain")
    )
    return ours_, others_, gain


def told(score: Score) -> str:
    """A score with its interval."""
    return f"{score.value:.3f} [{score.low:.3f} to {score.high:.3f}]"


def cost(paths: list[str], images: list[np.ndarray]) -> None:
    """Seconds of opening files and of classifying by them, in turns."""
    opened: list[list[float]] = [[] for _ in paths]
    for _ in range(9):
        for path, times in zip(paths, opened, strict=True):
            began = time.process_time()
            hemascope.load(path, threads=1)
            times.append(time.process_time() - began)
    with_heads, plain = (hemascope.load(path, threads=1) for path in paths)
    asks = {
        "without heads": lambda batch: plain.judge(batch),
        "with heads, not asked for": lambda batch: with_heads.judge(batch),
        "with heads, asked for": lambda batch: with_heads.judge(batch, attributes=True),
    }
    taken: dict[str, list[float]] = {name: [] for name in asks}
    for start in range(0, len(images) - BATCH + 1, BATCH):
        batch = np.stack(images[start : start + BATCH])
        for name, ask in asks.items():
            began = time.process_time()
            ask(batch)
            taken[name].append(time.process_time() - began)
    print(f"\nopening: {np.median(opened[0]):.3f} s with heads, {np.median(opened[1]):.3f} s without")
    for name, times in taken.items():
        print(f"{name}: {1000 * np.median(times) / BATCH:.2f} ms an image")


def answers(model: Classifier, images: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest value of each attribute, text (n, a), and what is said, "" where nothing is."""
    words = model.vocabulary
    assert words is not None
    top, said = [], []
    for start in range(0, len(images), BATCH):
        found = model.judge(np.stack(images[start : start + BATCH]), attributes=True)
        assert found.attributes is not None
        parts = zip(words.apart(found.attributes), words.values, strict=True)
        top.append(np.stack([np.array(values)[part.argmax(axis=1)] for part, values in parts], axis=1))
        said += said_of(model, found) or []
    return np.concatenate(top), np.array(said)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pbc", type=Path)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--model", default="robust")
    parser.add_argument("--cost", metavar="PLAIN", help="the same file without heads")
    options = parser.parse_args()
    model = hemascope.load(options.model, threads=1)
    train, learnt = labelled_rows(open_source(options.pbc / "train"), options.csv)
    val, labels = labelled_rows(open_source(options.pbc / "val"), options.csv)
    usual = learnt.groupby(train.table["label"].to_numpy()).agg(lambda column: column.mode()[0])
    truth, by_class = labels.to_numpy(str), usual.loc[val.table["label"]].to_numpy(str)
    images = [image for _, image in read_images(val) if isinstance(image, np.ndarray)]
    top, said = answers(model, images)
    print(f"{model.card.name}, {len(val):,} images\n")
    columns = ("Attribute", "macro F1", "by the class alone", "difference", "said of", "of that right")
    print("|", " | ".join(columns), "|\n|" + "---|" * len(columns))
    for name, i in [*((name, [i]) for i, name in enumerate(labels)), ("mean", list(range(truth.shape[1])))]:
        scores = " | ".join(told(score) for score in compared(truth[:, i], top[:, i], by_class[:, i]))
        spoken = said[:, i] != ""
        right = (said[:, i] == truth[:, i])[spoken]
        low, high = jeffreys(int(right.sum()), len(right))
        span = f" [{low:.1%} to {high:.1%}]" if len(i) == 1 else ""
        print(f"| {name.replace('_', ' ')} | {scores} | {spoken.mean():.0%} | {right.mean():.1%}{span} |", flush=True)
    if options.cost:
        cost([options.model, options.cost], images[: 40 * BATCH])


if __name__ == "__main__":
    main()
