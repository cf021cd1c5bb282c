"""Is the predicted score right? Predicted against measured accuracy, on shifts and images that the estimator never saw.

    python benchmarks/forecast.py SOURCE [--models NAME ...] [--images 160] [--other DIR ...]

SOURCE has the splits train and val. Of val one half makes the reference, the other half is tested: nothing is shared.
A model is the name of a shipped one, a file or a Run; NAME@64 shrinks its images to 64 px first, NAME+head puts a
logistic regression, trained on the features of 400 training images, in place of its last layer, and NAME,NAME is the
mean of two models. Every shift is predicted and measured:

- suite: each corruption, by an estimator fitted without its whole family and without the mixture;
- policy: transforms of the training augmentation, most of which the suite has in no form;
- composed: two or three corruptions one after another;
- other: labelled folders of other laboratories (--other), where the labels themselves may be wrong.

Prints a Markdown table of the errors and one of all predictions. About ten minutes on two idle cores.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hemascope
from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.data.splits import limited
from hemascope.errors import DecodeError
from hemascope.evaluate.bootstrap import Score
from hemascope.evaluate.forecast.forecast import Forecaster
from hemascope.evaluate.forecast.reference import Reference, Setting, build_reference
from hemascope.evaluate.forecast.views import ClassifiedTwice, classify_twice
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.evaluate.shift.corruption import REFERENCE_SIDE
from hemascope.evaluate.shift.registry import CORRUPTIONS, RANDOM
from hemascope.predict.classifier import Classifier

POLICIES = {
    "wide": {"name": "wide", "clean": 0},
    "wide, 30% clean": {"name": "wide"},
    "fixed": {"name": "fixed", "clean": 0},
    "RandAugment 2": {"name": "rand", "clean": 0},
    "RandAugment 3, strong": {"name": "rand", "clean": 0, "rand": 3, "magnitude": 0.9},
    "solarise": {"solarise": 0.5},
    "posterise": {"posterise": 6},
    "elastic, shear": {"elastic": 0.06, "shear": 20},
    "grid mask": {"grid": 0.6},
    "cutout": {"cutout": 0.5},
    "zoom in or out": {"zoom": 1.5},
    "white point": {"white_point": 1},
    "stain": {"stain": 0.25},
    "light": {"brightness": 0.5, "contrast": 0.6, "gamma": 1},
}
COMPOSED = {
    "28 px, stain 3": (Setting("downscale", 5), Setting("stain_shift", 3)),
    "hue 3, zoom out 3, noise 2": (Setting("hue", 3), Setting("zoom_out", 3), Setting("gaussian_noise", 2)),
    "defocus 3, vignetting 4": (Setting("defocus_blur", 3), Setting("vignetting", 4)),
    "JPEG 4, saturation 4, dark 3": (
        Setting("jpeg_compression", 4), Setting("saturate", 4), Setting("brightness_down", 3),
    ),
}  # fmt: skip
TEST_SEED = 1


@dataclass(frozen=True)
class Shift:
    """A treatment of the test images: its kind and name, the family that its prediction does without, and itself."""

    kind: str
    name: str
    family: str
    apply: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Pair:
    """A model's score under a shift, predicted and measured."""

    model: str
    shift: Shift
    predicted: Score
    accuracy: float

    @property
    def error(self) -> float:
        """Predicted less measured accuracy."""
        return self.predicted.value - self.accuracy

    @property
    def held(self) -> bool:
        """Whether the interval holds the measured accuracy."""
        return self.predicted.low <= self.accuracy <= self.predicted.high


class Shrunk:
    """A model that sees its images at a lower resolution."""

    def __init__(self, model: ClassifierLike, side: int) -> None:
        self.model, self.side, self.classes = model, side, model.classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Those of the model for the shrunk images."""
        size = (self.side, self.side)
        small = [Image.fromarray(image).resize(size, Image.Resampling.BILINEAR) for image in images]
        return self.model.probabilities(np.stack([np.asarray(image) for image in small]))


class OtherHead:
    """A classifier's features under a logistic regression of its own, trained on few images."""

    def __init__(self, classifier: Classifier, train: Manifest) -> None:
        self.classifier, self.classes = classifier, classifier.classes
        rows = limited(train, 400)
        images = [np.ascontiguousarray(frame(image, REFERENCE_SIDE)) for _, image in read_images(rows)]
        numbers = {name: i for i, name in enumerate(self.classes)}
        targets = rows.table["label"].map(numbers).to_numpy()
        head = LogisticRegression(C=0.01, max_iter=500)
        self.head = make_pipeline(StandardScaler(), head).fit(classifier.features(np.stack(images)), targets)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Those of the other head."""
        return self.head.predict_proba(self.classifier.features(images))


class Mean:
    """The mean of several models."""

    def __init__(self, models: list[ClassifierLike]) -> None:
        self.models, self.classes = models, models[0].classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Mean probabilities."""
        return np.mean([model.probabilities(images) for model in self.models], axis=0)


class Together:
    """Several models as one, so that every corrupted copy is made once: their probabilities side by side."""

    def __init__(self, models: dict[str, ClassifierLike]) -> None:
        self.models, self.classes = models, next(iter(models.values())).classes

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Those of every model, float (n, models * k)."""
        return np.concatenate([model.probabilities(images) for model in self.models.values()], axis=1)

    def apart(self, said: ClassifiedTwice) -> list[ClassifiedTwice]:
        """What each of the models said."""
        views = (np.split(view, len(self.models), axis=1) for view in (said.upright, said.mirrored))
        return [ClassifiedTwice(upright, mirrored) for upright, mirrored in zip(*views, strict=True)]


def load(name: str, train: Manifest) -> ClassifierLike:
    """A model by its name on the command line."""
    if "," in name:
        return Mean([load(part, train) for part in name.split(",")])
    base, _, side = name.partition("@")
    if side:
        return Shrunk(hemascope.load(base), int(side))
    return OtherHead(hemascope.load(base[:-5]), train) if base.endswith("+head") else hemascope.load(base)


def shifts(severities: list[int]) -> list[Shift]:
    """Everything that is done to the test images."""
    found = []
    for name, corruption in CORRUPTIONS.items():
        for severity in severities if name != RANDOM.name else ():
            setting = Setting(name, severity)
            found.append(Shift("suite", f"{corruption.title} {severity}", corruption.family, as_function(setting)))
    for name, keys in POLICIES.items():
        found.append(Shift("policy", name, "", augmented(Policy.model_validate(keys))))
    return found + [Shift("composed", name, "", as_function(*parts)) for name, parts in COMPOSED.items()]


def as_function(*settings: Setting) -> Callable[[np.ndarray], np.ndarray]:
    """Corruptions, one after another, seeded by the image."""

    def apply(image: np.ndarray) -> np.ndarray:
        position = crc32(image.tobytes())
        for part in settings:
            image = CORRUPTIONS[part.corruption](image, part.severity, seed=TEST_SEED, position=position)
        return image

    return apply


def augmented(policy: Policy) -> Callable[[np.ndarray], np.ndarray]:
    """An augmentation policy, seeded by the image."""

    def apply(image: np.ndarray) -> np.ndarray:
        generator = torch.Generator().manual_seed(crc32(image.tobytes()))
        batch = torch.from_numpy(image.copy()).permute(2, 0, 1)[None]
        return (255 * augment(batch, policy, generator)[0]).round().byte().permute(1, 2, 0).numpy()

    return apply


def read(rows: Manifest, model: ClassifierLike) -> tuple[list[np.ndarray], np.ndarray]:
    """Framed images and their class numbers, of the classes that the model knows."""
    numbers = {name: i for i, name in enumerate(model.classes)}
    rows = rows.rows(rows.table["label"].isin(model.classes))
    found = [(row, image) for row, image in read_images(rows) if not isinstance(image, DecodeError)]
    targets = rows.table["label"].map(numbers).to_numpy(np.int64)
    return [np.ascontiguousarray(frame(image, REFERENCE_SIDE)) for _, image in found], targets[[r for r, _ in found]]


def measure(
    together: Together, reference: Reference, tests: list[tuple[Shift, ClassifiedTwice, np.ndarray]]
) -> list[Pair]:
    """Predict and measure every test for every model."""
    pairs = []
    split = [together.apart(part) for part in reference.classified]
    for m, name in enumerate(together.models):
        own = Reference(reference.settings, tuple(part[m] for part in split), reference.targets)
        families = {shift.family for shift, _, _ in tests}
        # Without its family, and without the mixture, which holds it too.
        kept = {
            family: [part for part in own.settings if not family or part.family not in (family, RANDOM.family)]
            for family in families
        }
        forecasters = {family: Forecaster(own.of(settings)) for family, settings in kept.items()}
        for shift, classified, targets in tests:
            mine = together.apart(classified)[m]
            said = Score(**forecasters[shift.family].folder(mine)["accuracy"])
            pairs.append(Pair(name, shift, said, float((mine.upright.argmax(axis=1) == targets).mean())))
    return pairs


def tell(pairs: list[Pair]) -> None:
    """Print the tables."""
    print("| Model | Shifts | Pairs | Accuracy, lowest to highest | Mean absolute error | Largest | Within the 90% |")
    print(f"|{'---|' * 7}")
    local = [pair for pair in pairs if pair.shift.kind != "other"]
    groups = [("all", "all but other", local)]
    for kind in dict.fromkeys(pair.shift.kind for pair in pairs):
        groups.append(("all", kind, [pair for pair in pairs if pair.shift.kind == kind]))
    for model in dict.fromkeys(pair.model for pair in pairs):
        groups.append((model, "all but other", [pair for pair in local if pair.model == model]))
    for model, kind, part in groups:
        errors, true = np.abs([pair.error for pair in part]), [pair.accuracy for pair in part]
        held = np.mean([pair.held for pair in part])
        spread = f"{min(true):.3f} to {max(true):.3f}"
        print(f"| {model} | {kind} | {len(part)} | {spread} | {errors.mean():.3f} | {errors.max():.3f} | {held:.0%} |")
    print("\n| Model | Shift | Predicted | 90% interval | Measured | Error |\n|---|---|---|---|---|---|")
    for pair in sorted(pairs, key=lambda pair: (pair.shift.kind, pair.shift.name)):
        value, low, high = pair.predicted
        numbers = f"{value:.3f} | {low:.3f} to {high:.3f} | {pair.accuracy:.3f} | {pair.error:+.3f}"
        print(f"| {pair.model} | {pair.shift.kind}: {pair.shift.name} | {numbers} |")


def main() -> None:
    """Predict, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--models", nargs="+", default=["standard", "standard@64", "standard+head"])
    parser.add_argument("--images", type=int, default=160, help="in the reference, and again so many in the test")
    parser.add_argument("--severities", nargs="+", type=int, default=[1, 3, 5], help="of the suite's shifts")
    parser.add_argument("--other", nargs="*", default=[], metavar="DIR", help="labelled folders of other laboratories")
    args = parser.parse_args()
    source = open_source(args.source)
    val = source.in_split("val")
    half = np.zeros(len(val), bool)
    half[np.random.default_rng(7).permutation(len(val))[: len(val) // 2]] = True
    together = Together({name: load(name, source.in_split("train")) for name in args.models})
    reference = build_reference(together, val.rows(half), images=args.images)
    images, targets = read(limited(val.rows(~half), args.images), together)
    tests = [
        (shift, classify_twice(together, np.stack([shift.apply(image) for image in images])), targets)
        for shift in shifts(args.severities)
    ]
    for folder in args.other:
        images, targets = read(open_source(folder), together)
        plain = Shift("other", folder.rstrip("/").rpartition("/")[2], "", lambda image: image)
        tests.append((plain, classify_twice(together, np.stack(images)), targets))
    tell(measure(together, reference, tests))


if __name__ == "__main__":
    main()
