"""What ``hemascope adapt`` gains and costs: other laboratories, and known shifts with several mixtures of classes.

    python benchmarks/adapt.py --model model.onnx --labelled pbc/val --source pbc/train --other tecom --other bccd

The folders hold images in class folders. Prints Markdown tables. The first is of the balanced accuracy on images of
``--labelled`` under one corruption common to all of them, as a stain or camera is: some of each class are scored, and
the model is adapted to folders drawn from the rest: all classes alike; a blood count (60% neutrophils, 27%
lymphocytes, 8% monocytes, 4% eosinophils, 1% basophils); lymphocytes alone. It is what prior and depth were chosen by.
Beside it: the pixels' colours matched instead (Reinhard et al. 2001), to those of images of ``--source``. The others
are of other laboratories, each adapted to its own images without their labels; the intervals are 95%, the last column
is of the difference on the same resamples.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnx

from hemascope.adapt.adapt import Adaptation, advise
from hemascope.adapt.refit import DEPTH, PRIOR, refit
from hemascope.data.decode import decode
from hemascope.data.framing import frame
from hemascope.evaluate.bootstrap import interval, resampled
from hemascope.evaluate.metrics import from_confusion
from hemascope.evaluate.shift.registry import CORRUPTIONS
from hemascope.predict.card import METADATA_KEY, ModelCard
from hemascope.predict.shipped import DEFAULT, find

SHIFTS = ("stain_shift:4", "stain_shift:5", "hue:3", "hue:5", "gamma:4", "channel_shift:5", "contrast_down:4",
          "defocus_blur:4", "gaussian_noise:3")  # fmt: skip
SIDE = 160  # that the corruptions see
BLOOD = {"neutrophil": 0.60, "lymphocyte": 0.27, "monocyte": 0.08, "eosinophil": 0.04, "basophil": 0.01}
_TO_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_TO_LAB = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT, help="model file, Run folder or name of a shipped model")
    parser.add_argument("--labelled", type=Path, help="class folders of the training's laboratory, not trained on")
    parser.add_argument("--source", type=Path, help="class folders of training images")
    parser.add_argument("--other", type=Path, action="append", default=[], help="class folders of another laboratory")
    parser.add_argument("--shifts", default=",".join(SHIFTS), help="corruption:severity, separated by commas")
    parser.add_argument("--images", type=int, default=300, help="images of a folder of a known shift")
    parser.add_argument("--scored", type=int, default=40, help="images of each class that are scored")
    parser.add_argument("--prior", type=float, default=PRIOR)
    parser.add_argument("--depth", type=float, default=DEPTH)
    options = parser.parse_args()
    model = onnx.load(find(options.model))
    print(f"{find(options.model).parent.name or 'model'}, prior {options.prior:g}, depth {options.depth:g}\n")
    if options.labelled:
        known_shifts(model, options)
    for folder in options.other:
        other_laboratory(model, folder, options)


def known_shifts(model: onnx.ModelProto, options: argparse.Namespace) -> None:
    """The table of corruptions, a line each."""
    card = card_of(model)
    generator = np.random.default_rng(0)
    images, targets = labelled(options.labelled, card.classes, SIDE)
    order = generator.permutation(len(images))
    rank = np.zeros(len(images), int)
    for k in range(len(card.classes)):
        of_class = order[targets[order] == k]
        rank[of_class] = np.arange(len(of_class))
    scored = np.flatnonzero(rank < options.scored)
    rest = {name: order[(targets[order] == k) & (rank[order] >= options.scored)] for k, name in enumerate(card.classes)}
    alike = {name: 1 / len(card.classes) for name in card.classes}
    folders = {}
    for name, shares in (("all alike", alike), ("blood count", BLOOD), ("lymphocytes", {"lymphocyte": 1.0})):
        drawn = [rest[part][: max(1, round(share * options.images))] for part, share in shares.items()]
        folders[name] = generator.permutation(np.concatenate(drawn))
    sizes = [f"{name} ({len(places)})" for name, places in folders.items()]
    used = np.unique(np.concatenate([scored, *folders.values()]))
    images, targets = images[used], targets[used]
    scored = np.searchsorted(used, scored)
    folders = {name: np.searchsorted(used, places) for name, places in folders.items()}
    source = None
    if options.source:
        paths = sorted(options.source.glob("*/*"))
        source = lab_moments(
            np.stack([framed(paths[i], SIDE) for i in range(0, len(paths), max(1, len(paths) // 240))])
        )
    print(
        f"| shift | before | {' | '.join(sizes)} | colours, all alike | colours, blood count | shift score | advice |"
    )
    print("|---|---|" + "---|" * len(sizes) + "---|---|---|---|")
    for text in ("none", *options.shifts.split(",")):
        pixels = shifted(images, text)
        small = np.stack([frame(image, card.input_size) for image in pixels])
        before = balanced(probabilities(model, small[scored]), targets[scored])
        cells, shifts, advice = [], [], []
        for places in folders.values():
            found = refit(model, small[places], prior=options.prior, depth=options.depth)
            cells.append(balanced(probabilities(found.model, small[scored]), targets[scored]))
            shifts.append(f"{found.shift:.2f}")
            states = [probabilities(m, small[places]) for m in (model, found.model)]
            advised = advise(Adaptation(card.classes, len(places), [], found.weight, found.shift, *states)).use
            advice.append("yes" if advised else "no")
        for places in list(folders.values())[:2] if source else []:
            here = lab_moments(pixels[places])
            matched = np.stack([frame(match(image, here, source), card.input_size) for image in pixels[scored]])
            cells.append(balanced(probabilities(model, matched), targets[scored]))
        cells += [np.nan] * (5 - len(cells))
        row = " | ".join(f"{value:.3f}" for value in cells)
        print(f"| {text} | {before:.3f} | {row} | {', '.join(shifts)} | {', '.join(advice)} |", flush=True)
    print()


def other_laboratory(model: onnx.ModelProto, folder: Path, options: argparse.Namespace) -> None:
    """A table of one laboratory, before and after."""
    card = card_of(model)
    images, targets = labelled(folder, card.classes, card.input_size)
    order = np.random.default_rng(0).permutation(len(images))
    begun = time.perf_counter()
    found = refit(model, images[order], prior=options.prior, depth=options.depth)
    seconds = time.perf_counter() - begun
    states = [probabilities(m, images) for m in (model, found.model)]
    adaptation = Adaptation(card.classes, len(images), [], found.weight, found.shift, *states)
    counts = ", ".join(f"{name} {int((targets == k).sum())}" for k, name in enumerate(card.classes) if k in targets)
    print(f"{folder.name}: {len(images)} images ({counts}); shift score {found.shift:.2f}, {advise(adaptation)}")
    print(f"confidence {adaptation.confidence}, agreement {adaptation.agreement:.3f}; adapted in {seconds:.1f} s\n")
    print("| score | before | after | after - before |\n|---|---|---|---|")
    k = len(card.classes)
    pairs = [targets * k + state.argmax(1) for state in states]
    once = [scores(np.bincount(pair, minlength=k * k).reshape(1, k, k)) for pair in pairs]
    hits = [np.eye(k * k, dtype=np.float32)[pair] for pair in pairs]
    many = [resampled(len(images), lambda draws, hit=hit: scores((draws @ hit).reshape(-1, k, k))) for hit in hits]
    for name in once[0]:
        values = [part[name][0] for part in once]
        cells = [interval(value, part[name]) for value, part in zip(values, many, strict=True)]
        cells.append(interval(values[1] - values[0], many[1][name] - many[0][name]))
        print(f"| {name} | " + " | ".join(f"{c.value:.3f} ({c.low:.3f} to {c.high:.3f})" for c in cells) + " |")
    print(flush=True)


def scores(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (b,) of confusion counts (b, k, k); of few images, classes of fewer than ten are left out of the third."""
    measured = from_confusion(confusion)
    many = np.where(confusion.sum(2) >= 10, measured["recall"], np.nan)
    return {
        "balanced accuracy": np.nanmean(measured["recall"], 1),
        "macro-F1": np.nanmean(measured["f1"], 1),
        "balanced accuracy, classes of at least 10 images": np.nanmean(many, 1),
        "accuracy": measured["accuracy"][:, 0],
    }


def labelled(folder: Path, classes: tuple[str, ...], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (n, size, size, 3) of class folders and their classes (n,)."""
    found = [(path, classes.index(path.parent.name)) for path in sorted(folder.glob("*/*"))]
    return np.stack([framed(path, size) for path, _ in found]), np.array([target for _, target in found])


def framed(path: Path, size: int) -> np.ndarray:
    """One image, framed."""
    return np.ascontiguousarray(frame(decode(path), size))


def shifted(images: np.ndarray, text: str) -> np.ndarray:
    """Every image under the same corruption; only noise differs from image to image."""
    if text == "none":
        return images
    name, _, severity = text.partition(":")
    corruption = CORRUPTIONS[name]
    noise = corruption.family == "noise"
    generators = (np.random.default_rng([1, i] if noise else 1) for i in range(len(images)))
    return np.stack([corruption.apply(im, int(severity), g) for im, g in zip(images, generators, strict=True)])


def probabilities(model: onnx.ModelProto, images: np.ndarray) -> np.ndarray:
    """Probabilities (n, k) of images uint8 (n, size, size, 3)."""
    import onnxruntime  # after hemascope, which switches its telemetry off

    threads = onnxruntime.SessionOptions()
    threads.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), threads, providers=["CPUExecutionProvider"])
    parts = np.array_split(images, max(1, len(images) // 32))
    return np.concatenate([session.run(["probabilities"], {"images": part})[0] for part in parts])


def balanced(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """Mean recall."""
    return float(np.mean([(probabilities[targets == k].argmax(1) == k).mean() for k in np.unique(targets)]))


def card_of(model: onnx.ModelProto) -> ModelCard:
    """The card in a model's metadata."""
    return ModelCard.from_json(next(entry.value for entry in model.metadata_props if entry.key == METADATA_KEY))


def to_lab(images: np.ndarray) -> np.ndarray:
    """Uint8 (..., 3) in the colour space of Ruderman et al. 1998."""
    return np.log10((np.maximum(images, 1) / 255) @ _TO_LMS.T) @ _TO_LAB.T


def lab_moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (3,) over all pixels of images (n, h, w, 3)."""
    values = to_lab(images[:, ::4, ::4]).reshape(-1, 3)
    return values.mean(0), values.std(0)


def match(image: np.ndarray, here: tuple[np.ndarray, ...], there: tuple[np.ndarray, ...]) -> np.ndarray:
    """An image with the moments of its folder moved to others."""
    values = (to_lab(image) - here[0]) / here[1] * there[1] + there[0]
    rgb = 10 ** (values @ np.linalg.inv(_TO_LAB).T) @ np.linalg.inv(_TO_LMS).T
    return np.clip(np.rint(255 * rgb), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
