"""The reference: labelled local images under many known corruptions, with what the model says of each copy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from hemascope.data.framing import frame
from hemascope.data.manifest import Manifest
from hemascope.data.reading import read_images
from hemascope.data.splits import limited
from hemascope.errors import DecodeError, SourceError
from hemascope.evaluate.forecast.views import ClassifiedTwice, classify_twice
from hemascope.evaluate.score_model import ClassifierLike
from hemascope.evaluate.shift.corruption import REFERENCE_SIDE, SEVERITIES
from hemascope.evaluate.shift.registry import CORRUPTIONS, RANDOM
from hemascope.progress import SILENT, Progress

IMAGES = 200
"""So many labelled images are corrupted where no other number is asked for."""

CLEAN = "clean"


@dataclass(frozen=True)
class Setting:
    """One way to treat every image: a corruption of the shift suite, or none at all.

    Attributes:
        corruption: its name, or `CLEAN`.
        severity: 1 .. 5; 0 for the clean images.
    """

    corruption: str
    severity: int

    @property
    def family(self) -> str:
        """The corruption's family; `CLEAN` for the clean images."""
        return CORRUPTIONS[self.corruption].family if self.corruption in CORRUPTIONS else CLEAN


SETTINGS = (
    Setting(CLEAN, 0),
    *(Setting(name, severity) for name in CORRUPTIONS if name != RANDOM.name for severity in (1, 3, 5)),
    *(Setting(RANDOM.name, severity) for severity in SEVERITIES),
)
"""The clean images, every corruption in three severities, and the mixture in all five."""


@dataclass(frozen=True)
class Reference:
    """What a model says of n labelled images in each of s settings.

    Attributes:
        settings: the s settings; the first is clean.
        classified: s entries of n images each, in the same order of images.
        targets: true class numbers, int (n,).
    """

    settings: tuple[Setting, ...]
    classified: tuple[ClassifiedTwice, ...]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def right(self) -> np.ndarray:
        """Which answers on the upright images are right, bool (s, n)."""
        return np.stack([part.upright.argmax(axis=1) == self.targets for part in self.classified])

    @property
    def accuracy(self) -> np.ndarray:
        """Share of right answers by setting, float (s,)."""
        return self.right.mean(axis=1)

    def of(self, settings: Iterable[Setting]) -> "Reference":
        """Only some of the settings, in the order of this reference; the clean images always stay."""
        wanted = {*settings, self.settings[0]}
        kept = [i for i, setting in enumerate(self.settings) if setting in wanted]
        return Reference(tuple(self.settings[i] for i in kept), tuple(self.classified[i] for i in kept), self.targets)


def corrupted(image: np.ndarray, setting: Setting, seed: int = 0) -> np.ndarray:
    """A copy of an image, uint8 (s, s, 3), in a setting; seeded by the image's own content, so its order is free."""
    if setting.corruption == CLEAN:
        return image
    return CORRUPTIONS[setting.corruption](image, setting.severity, seed=seed, position=crc32(image.tobytes()))


def build_reference(
    model: ClassifierLike,
    source: Manifest,
    *,
    settings: Sequence[Setting] = SETTINGS,
    images: int | None = IMAGES,
    side: int = REFERENCE_SIDE,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Reference:
    """Let a model classify labelled images in every setting.

    Args:
        model: gives calibrated probabilities.
        source: images that the model was not trained on; those without a label that it knows are passed over.
        settings: clean first.
        images: about so many, drawn by seed so that every class keeps its share; None takes all.
        side: images are framed to a square of this side before they are corrupted.
        seed: of the draw and of the corruptions.
        progress: told how many images are done.

    Raises:
        SourceError: no usable image has a label that the model knows, or none can be read.
    """
    rows = limited(source.rows(source.known(model.classes)), images, seed=seed)
    classes = {name: i for i, name in enumerate(model.classes)}
    numbers = rows.table["label"].map(classes).to_numpy(np.int64)
    targets, seen = [], []
    progress.step("corrupted images", len(rows))
    for row, image in read_images(rows):
        if not isinstance(image, DecodeError):
            framed = frame(image, side)
            seen.append(classify_twice(model, np.stack([corrupted(framed, setting, seed) for setting in settings])))
            targets.append(numbers[row])
        progress.done(row + 1)
    if not targets:
        raise SourceError(
            f"{source.name or 'the source'}: none of its images has a label that the model knows and can be read",
            "The predicted score is learnt from labelled images.",
        )
    upright = np.stack([part.upright for part in seen], axis=1)
    mirrored = np.stack([part.mirrored for part in seen], axis=1)
    classified = tuple(ClassifiedTwice(first, second) for first, second in zip(upright, mirrored, strict=True))
    return Reference(tuple(settings), classified, np.array(targets))
