"""Put a trained model among the shipped ones: score it under shift and elsewhere, and write its card.

    python scripts/ship_model.py RUN|MODEL NAME PBC [--other FOLDER ...] [--calibrate-only]

writes src/hemascope/predict/weights/NAME.onnx, the model file with the measured scores on its card, and NAME.md, the
same for readers. PBC is the folder that holds train/ and val/ (Acevedo et al. 2020): val sets the prediction sets and
says what is confused, train says how the training's images look. Every FOLDER is another laboratory's, labelled, and
used for nothing but its scores. About ten minutes on two cores; two with --calibrate-only, which leaves the scores of
the card as they are.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from rich.console import Console
from rich.progress import track

import hemascope
from detector_fields import PBC_RED
from hemascope.adapt.save import save_model
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.conformal import fit_sets
from hemascope.evaluate.score_model import score_model
from hemascope.evaluate.shift.registry import CORRUPTIONS, choose_corruptions
from hemascope.evaluate.shift.result import MEDMNIST_C_MEAN
from hemascope.evaluate.shift.suite import shift_suite
from hemascope.evaluate.summary import summarise
from hemascope.export.scaling import join_scaling
from hemascope.files import write_text
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier
from hemascope.predict.differential.confusion import Confusion
from hemascope.predict.shipped import WEIGHTS, find
from hemascope.predict.unlike import describe, mean_colours

MICROMETRES = round(208 * 7.5 / PBC_RED, 1)
"""Of the side of PBC's pictures, 208 pixels, if a red cell is 7.5 micrometres wide."""

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "macro F1",
    "medmnist_c_mean_balanced_error": "MedMNIST-C, mean balanced error of its eleven corruptions at 224 px",
    "random_corruptions_accuracy": "accuracy under one to three random corruptions, severities 1 to 5",
    "28px_accuracy": "accuracy of images shrunk to 28 px",
}


def calibrated(card: ModelCard, model: Classifier, pbc: Path) -> ModelCard:
    """The card with scores, prediction sets and confusions of PBC's val and the colours of its training part."""
    val, manifest = score_model(model, open_source(pbc / "val"), temperature=card.temperature)
    (measured,) = summarise(val)["splits"].values()
    where = {"images": measured["images"], "split": "val"}
    scores = {name: {**score, **where} for name, score in measured["scores"].items()}
    train = open_source(pbc / "train")
    train = train.rows(train.known(card.classes))
    numbers = train.table["label"].map({name: i for i, name in enumerate(card.classes)}).to_numpy()
    images = track(read_images(train), "colours of the training", len(train), console=Console(stderr=True))
    found = [(mean_colours(image[None])[0], numbers[row]) for row, image in images if isinstance(image, np.ndarray)]
    colours, targets = map(np.array, zip(*found, strict=True))
    sets = fit_sets(val.probabilities, val.targets, card.recipe.get("seed", 0))
    look = describe(colours, targets, len(card.classes))
    scores = {**card.scores, **scores}
    return replace(card, scores=scores, conformal=sets, look=look, confusion=confused(model, manifest))


def confused(model: Classifier, manifest: Manifest) -> dict:
    """What it confuses, and flags, of labelled cells, as `hemascope predict` classifies them."""
    numbers = {name: number for number, name in enumerate(model.classes)}
    found = []
    images = track(read_images(manifest), "confusions", len(manifest), console=Console(stderr=True))
    for row, image in images:
        if isinstance(image, np.ndarray):
            judged = model.judge(image[None])
            flagged = judged.unknown is not None and judged.unknown[0] > model.unknown_threshold
            found.append(
                (numbers.get(manifest.table["label"].iloc[row], -1), judged.probabilities[0].argmax(), flagged)
            )
    targets, said, flags = map(np.array, zip(*found, strict=True))
    return Confusion.of(targets, said, len(numbers), flags, "cells of PBC's validation part").as_card()


def under_shift(model: Classifier, source: str, images: int | None) -> dict[str, dict]:
    """Scores of the shift suite on the images of a source."""
    manifest, console = open_source(source), Console(stderr=True)
    console.print("shift suite")
    wide = shift_suite(model, manifest, choose_corruptions("medmnist-c,random"), images=images)
    small = shift_suite(model, manifest, [CORRUPTIONS["downscale"]], severities=[5], images=images)
    right = wide.spread[MEDMNIST_C_MEAN]["balanced_accuracy"]
    found = {
        "medmnist_c_mean_balanced_error": Score(1 - right.value, 1 - right.high, 1 - right.low),
        "random_corruptions_accuracy": wide.spread["random"]["accuracy"],
        "28px_accuracy": small.spread["downscale"]["accuracy"],
    }
    return {name: {**score._asdict(), "images": wide.images, "split": "val"} for name, score in found.items()}


def elsewhere(model: Classifier, folder: str) -> dict[str, dict]:
    """Balanced accuracy and macro F1 over the classes present in another laboratory's folder."""
    predictions, manifest = score_model(model, open_source(folder), temperature=model.card.temperature)
    (measured,) = summarise(predictions)["splits"].values()
    where = {"images": measured["images"], "split": manifest.name}
    return {
        f"{manifest.name}_{name}": {**measured["scores"][name], **where}
        for name in ("balanced_accuracy", "f1", "accuracy")
    }


def described(card: ModelCard, size: int) -> str:
    """The card in Markdown."""
    rows = []
    for name, score in card.scores.items():
        title = TITLES.get(name.removeprefix(f"{score['split']}_"))
        if title:
            scale, form = (1, ".4f") if "error" in title else (100, ".1f")
            value, low, high = (f"{scale * score[part]:{form}}" for part in ("value", "low", "high"))
            unit = "" if scale == 1 else "%"
            rows.append(f"| {score['split']}, {score['images']:,} | {title} | {value}{unit} [{low} to {high}] |")
    sets = [
        f"{level:g} ({measured:.1%}, {size:.2f} classes)"
        for level, measured, size in zip(
            *(card.conformal.get(key, []) for key in ("levels", "measured", "size")), strict=True
        )
    ]
    seen = card.attributes or {"names": [], "f1": [0.0], "data": "nothing", "images": 0}
    unknown = card.unknown or {"method": "no score", "rate": 0.0, "images": 0}
    head = "".join(
        f"\n- **Head:** fitted to {count:,} images of {name} as well." for name, count in laboratories(card).items()
    )
    return f"""# Model card: `{card.name}`

{card.network} at {card.input_size}x{card.input_size} pixels, {len(card.classes)} classes of peripheral blood cells,
{card.parameters:,} weights, {size / 1e6:.1f} MB. The same card and the whole recipe are in the file's metadata:
`hemascope.load("{card.name}").card`.

- **Data:** {card.data.get("images", 0):,} training images of PBC (BloodMNIST's training split,
  the central 208x208 pixels): Acevedo et al. 2020, Hospital Clínic de Barcelona, CC BY 4.0. Started from
  EfficientNet-Lite0's ImageNet weights (Apache-2.0).{head}
- **Licence:** the weights may be used under {card.data.get("licence", "CC BY 4.0")}; name their authors:
  {card.data.get("attribution", "Acevedo et al. 2020")}.
- **Recipe:** `{card.recipe.get("name", "")}`, seed {card.recipe.get("seed", 0)}.
- **Unknown objects:** {unknown["method"]}; {unknown["rate"]:.1%} of {unknown["images"]:,} known cells are flagged.
- **Prediction sets,** stated coverage (measured on {card.conformal.get("images", 0):,} cells):
  {", ".join(sets) or "none"}.
- **Attributes:** {len(seen["names"])}, learnt from {seen["data"]} on {seen["images"]:,} training images; mean macro F1
  on a quarter of them, held out: {sum(seen["f1"]) / len(seen["f1"]):.3f}.
- **Limits:** {card.limits}

| Images | Score | Value [95% interval] |
|---|---|---|
{chr(10).join(rows)}

PBC's validation part also set the thresholds. No image of these rows taught the model; `scripts/ship_model.py` measures
them all.
"""


def laboratories(card: ModelCard) -> dict[str, int]:
    """Images of laboratories that taught the head alone, by their names; see `scripts/laboratory_head.py`."""
    return dict(list(card.data.get("head", {}).get("images", {}).items())[1:])  # the first is home


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a Run or a model file")
    parser.add_argument("name")
    parser.add_argument("pbc", type=Path)
    parser.add_argument("--other", nargs="*", default=[])
    parser.add_argument("--images", type=int, help="of the shift suite; all where not given")
    parser.add_argument("--calibrate-only", action="store_true", help="leave the scores as they are")
    options = parser.parse_args()
    path = find(options.model)
    model = hemascope.load(path)
    card = calibrated(model.card, model, options.pbc)
    scores = dict(card.scores)
    if not options.calibrate_only:
        scores.update(under_shift(model, str(options.pbc / "val"), options.images))
        for folder in track(options.other, "other laboratories"):
            scores.update(elsewhere(model, folder))
    card = replace(card, name=options.name, scores=scores, data={**card.data, "micrometres": MICROMETRES})
    graph = onnx.load(path)
    join_scaling(graph)
    shipped = WEIGHTS / f"{options.name}.onnx"
    save_model(graph, shipped, card)
    write_text(WEIGHTS / f"{options.name}.md", described(card, shipped.stat().st_size))
    print((WEIGHTS / f"{options.name}.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
