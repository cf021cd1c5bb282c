"""The report's sentences and numbers: what the scores say, and how far they can be trusted."""

import re
from typing import Any

import numpy as np

from hemascope.cells import title
from hemascope.evaluate.not_scored import NotScored
from hemascope.evaluate.predictions import NO_SPLIT
from hemascope.shown import NOTHING, interval, percent

MEANINGS = {
    "accuracy": "share of images that are right",
    "balanced_accuracy": "mean recall of the classes: every class counts the same",
    "precision": "of the images called a class, the share that is one; mean of the classes",
    "recall": "of a class's images, the share that is found; mean of the classes",
    "f1": "harmonic mean of precision and recall; mean of the classes",
    "auc": "how well the probability ranks a class against the rest; mean of the classes",
}


def headline_split(metrics: dict[str, Any]) -> str | None:
    """The split that the report speaks of: test, else val, else any other than train, else train; None without any."""
    splits = metrics["splits"]
    others = [name for name in splits if name not in ("train", "val", "test")]
    return next((name for name in ("test", "val", *others, "train") if name in splits), None)


def verdict(split: str, measured: dict[str, Any], trained: bool) -> str:
    """The result in one sentence."""
    score = measured["scores"]["accuracy"]
    if trained:
        kept = " it was trained on (train)" if split == "train" else f" kept apart ({split})"
    else:
        kept = "" if split == NO_SPLIT else f" ({split})"
    images = f"{measured['images']:,} image{'s' if measured['images'] != 1 else ''}"
    within = interval(score)
    return f"On {images}{kept}, {percent(score['value'])} right{'' if within == NOTHING else f' [{within}]'}."


def notes(split: str, metrics: dict[str, Any], trained: bool) -> list[str]:
    """What a reader must know before trusting the scores, the weightiest first."""
    measured = metrics["splits"][split]
    left_out = NotScored.from_json(metrics["not_scored"]).words() if "not_scored" in metrics else []
    unlike = [metrics["unlike"]["message"]] if "unlike" in metrics else []
    found = [*unlike, *left_out, _trust(split, metrics, trained)]
    score = measured["scores"]["accuracy"]
    if score["value"] == 1:
        bound = min(1.0, 3 / measured["images"])
        found.append(
            f"No mistake among {measured['images']:,} images. The true share of mistakes may still be as high as "
            f"{percent(bound)} (rule of three). The means over the classes and the AUC have no interval: resampling "
            "cannot show a mistake that never happened."
        )
    elif any(part[key]["value"] in (0, 1) for part in measured["classes"].values() for key in ("precision", "recall")):
        found.append(
            "A class's score of exactly 0% or 100% is no certainty: of a class with n images, a share of up to 3/n may "
            "still go the other way (rule of three)."
        )
    if measured["absent"]:
        names = ", ".join(measured["absent"])
        found.append(f"Without images in this split, and left out of the means over classes: {names}.")
    few = [f"{name} ({part['support']})" for name, part in measured["classes"].items() if 0 < part["support"] < 20]
    if few:
        found.append(f"Few images, so wide intervals: {', '.join(few)}.")
    if measured["unknown_labels"] and not left_out:
        found.append(f"{measured['unknown_labels']:,} images have a label that the model does not know; not scored.")
    if measured["unlabelled"] and not left_out:
        found.append(f"{measured['unlabelled']:,} images have no label; not scored.")
    found.append(
        "The intervals say how far the scores would move with other images of the same kind. They do not cover other "
        "laboratories, stains or cameras, where scores are usually lower."
    )
    return found


def _trust(split: str, metrics: dict[str, Any], trained: bool) -> str:
    if not trained:
        return (
            "A finished model was scored on these images. Whether some of them, or others of the same patients, were "
            "among its training images cannot be told from here."
        )
    if split == "train":
        return (
            "These are the images that the model was trained on: the scores say how well it remembers them, and "
            "nothing about new ones. Keep a validation or test part apart."
        )
    if split == "test":
        return "The test part had no say in the training, in when it stopped, or in the temperature."
    if split == "val" and "folds" in metrics:
        return (
            "There is no test part. Each image was scored by the network of its fold, which it had no say in; the "
            "model file is the mean of all these networks."
        )
    if split == "val":
        return (
            "Optimistic: there is no test part. The validation part, scored here, also chose the epoch that is kept "
            "and the temperature, so expect a little less on new images of the same kind."
        )
    return f"The split {split!r} had no say in the training."


def confusions(counts: np.ndarray, classes: tuple[str, ...], most: int = 5) -> list[tuple[int, str, str]]:
    """The commonest mistakes, (images, true, predicted), by counts int (k, k) with rows true; titles of the classes."""
    mistakes = counts - np.diag(np.diag(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:most]
    pairs = [(int(mistakes.flat[i]), *divmod(int(i), len(classes))) for i in order]
    return [(count, title(classes[true]), title(classes[said])) for count, true, said in pairs if count]


def limits(card: str) -> str:
    """What a model must not be used for beside medicine, which the page says in any case.

    >>> limits("Not a medical device: not for diagnosis. Knows only its classes.")
    'Knows only its classes.'
    """
    sentences = [part.strip() for part in re.split(r"(?<=[.!]) ", card) if "medical device" not in part]
    return " ".join(filter(None, sentences)) or (
        "The classes above are all that it knows: any other cell, and any picture that is no cell, still gets one of "
        "their names."
    )


LABORATORY_COLUMNS = ["Laboratory", "Images", "Accuracy", "95% interval", "Balanced accuracy"]


def laboratory_rows(measured: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row of text a laboratory of a split of metrics.json, as ``LABORATORY_COLUMNS``; none where it has none.

    >>> score = {"value": 0.9, "low": 0.8, "high": 0.95}
    >>> laboratory_rows({"laboratories": {"A": {"images": 50, "scores": {
    ...     "accuracy": score, "balanced_accuracy": score}}}})
    [('A', '50', '90.0%', '80.0–95.0', '90.0%')]
    """
    return [
        (
            name,
            f"{part['images']:,}",
            percent(part["scores"]["accuracy"]["value"]),
            interval(part["scores"]["accuracy"]),
            percent(part["scores"]["balanced_accuracy"]["value"]),
        )
        for name, part in measured.get("laboratories", {}).items()
    ]
