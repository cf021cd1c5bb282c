"""Model file and unlabelled images in, adapted model file out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hemascope.adapt.graph import find_layers
from hemascope.adapt.metadata import set_card
from hemascope.adapt.refit import PRIOR, refit
from hemascope.cells import title
from hemascope.cores import usable_cores
from hemascope.data.framing import frame
from hemascope.errors import DecodeError, ModelFileError, SourceError
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import load
from hemascope.predict.items import Item, check, items, tell_passed_over
from hemascope.predict.modelfile import reason
from hemascope.progress import SILENT, Progress
from hemascope.seeds import check_seed
from hemascope.shown import paragraphs, table

if TYPE_CHECKING:
    import onnx

    from hemascope.adapt.taught import Taught

FEWEST = 32
"""Statistics of fewer images say more about their cells than about their laboratory."""


@dataclass(frozen=True)
class Framed:
    """What was read.

    Attributes:
        images: uint8 (n, size, size, 3), in random order.
        errors: why the others of those tried could not be read.
    """

    images: np.ndarray
    errors: list[str]


def read_folder(
    paths: Sequence[str],
    size: int,
    *,
    limit: int,
    seed: int = 0,
    threads: int = 1,
    progress: Progress = SILENT,
) -> Framed:
    """Draw some images of the paths and frame them.

    Args:
        paths: folders, globs, images, .npz and .tar, as in `hemascope.predict.items.items`.
        size: side of the network's input in pixels.
        limit: at most so many, drawn by seed.
        seed: of the draw and of the order.
        threads: images decoded at a time.
        progress: told of the images read.

    Raises:
        SourceError: a path that matches nothing, or fewer than `FEWEST` readable images.
    """
    check(paths)
    tell_passed_over(paths, progress)
    chosen = _drawn(paths, limit, seed)
    progress.step("reading images", len(chosen))
    images: list[np.ndarray] = []
    errors: list[str] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        for done, found in enumerate(pool.map(lambda item: _framed(item, size), chosen), start=1):
            if isinstance(found, str):
                errors.append(found)
            else:
                images.append(found)
            progress.done(done)
    if len(images) < FEWEST:
        why = f"; first of {len(errors)} unreadable: {errors[0]}" if errors else ""
        raise SourceError(
            f"{', '.join(paths)}: {len(images)} readable images, and adapting needs at least {FEWEST}{why}",
            "Give some hundred images of cells of all classes, as they come.",
        )
    return Framed(np.stack(images), errors)


def _drawn(paths: Sequence[str], limit: int, seed: int) -> list[Item]:
    """At most ``limit`` items, each as likely as the others, in random order; no more are held at a time."""
    generator = np.random.default_rng(seed)
    chosen: list[Item] = []
    for place, item in enumerate(items(paths)):
        if place < limit:
            chosen.append(item)
        elif (chance := int(generator.integers(0, place + 1))) < limit:
            chosen[chance] = item
    return [chosen[i] for i in generator.permutation(len(chosen))]


def _framed(item: Item, size: int) -> np.ndarray | str:
    try:
        return frame(item.pixels(), size)
    except DecodeError as problem:
        return problem.problem


@dataclass(frozen=True)
class Adaptation:
    """What adapting did; a notebook shows it as the classes before and after.

    Attributes:
        classes: names of the k classes.
        images: how many were used.
        errors: why others could not be read.
        weight: of the folder's statistics, 0 .. 1.
        shift: how far the folder is from the training's images, see `hemascope.adapt.refit.shift_score`.
        before, after: probabilities of the used images by the file before and after, float32 (images, k).
        stain_varied: whether the training's augmentation changed the stain.
    """

    classes: tuple[str, ...]
    images: int
    errors: list[str]
    weight: float
    shift: float
    before: np.ndarray
    after: np.ndarray
    stain_varied: bool = False

    @property
    def confidence(self) -> tuple[float, float]:
        """Mean probability of the label, before and after."""
        return float(self.before.max(axis=1).mean()), float(self.after.max(axis=1).mean())

    @property
    def agreement(self) -> float:
        """Share of the images that keep their label."""
        return float((self.before.argmax(axis=1) == self.after.argmax(axis=1)).mean())

    @property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Share of each class among the labels, before and after, float64 (k,)."""
        k = len(self.classes)
        before, after = (np.bincount(p.argmax(axis=1), minlength=k) / self.images for p in (self.before, self.after))
        return before, after

    @property
    def heading(self) -> str:
        """How many images there were, and how far they are from the training's."""
        return f"{self.images:,} images, shift {self.shift:.2f} (0 is none)"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What changed, in words: name, before and after."""
        shares = ((title(name), *values) for name, *values in zip(self.classes, *self.shares, strict=True))
        numbers = [("Mean confidence", *self.confidence), *shares]
        return [
            *((name, f"{before:.1%}", f"{after:.1%}") for name, before, after in numbers),
            ("Same label", "", f"{self.agreement:.1%}"),
        ]

    @property
    def lines(self) -> list[str]:
        """What was left out, and the advice, in sentences."""
        unread = [f"Left out, because unreadable: {len(self.errors):,}, first {self.errors[0]}"] if self.errors else []
        return [*unread, self.advice.sentence]

    @property
    def advice(self) -> Advice:
        """Whether to use the adapted file."""
        return advise(self)

    def _repr_html_(self) -> str:
        return table(["", "Before", "After"], self.rows, self.heading) + paragraphs(self.lines)


METHOD = "BatchNorm statistics of the first layers mixed with those of unlabelled images (Schneider et al. 2020)"


def adapt(
    model: str | Path,
    unlabelled: str | Path | Sequence[str | Path] | None = None,
    output: str | Path = "adapted.onnx",
    *,
    labelled: str | Path | None = None,
    to_label: str | Path | None = None,
    images: int = 1000,
    prior: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Adaptation | Taught:
    """Write a model file whose normalisation fits the unlabelled images of another laboratory.

    Its classes, calibration and outputs stay; its card says in ``adapted`` what was done.

    Args:
        model: a model file, a Run folder or a shipped model's name.
        unlabelled: a folder or file of images of cells, or several, with all classes that will be met among them.
        output: the new file; one there is replaced, whole or not at all.
        labelled: a source of some labelled cells of the laboratory, 5 to 500: the head is refitted to them instead
            (`hemascope.adapt.labelled.teach`), and the unlabelled ones serve ``to_label`` alone.
        to_label: a CSV to write: which of the unlabelled cells to label next.
        images: at most so many of the unlabelled, drawn by seed.
        prior: images that the training's statistics count as; 0 forgets them, None is `hemascope.adapt.refit.PRIOR`.
        seed: of the draw.
        threads: one a core where not given.
        progress: told of the images read and of those that the network has seen.

    Returns:
        What changed, and in ``advice`` whether to use the file.

    Raises:
        ModelFileError: a file without stored statistics, or adapted before; an output that cannot be written, or that
            would be no better than the model by the labelled cells.
        SourceError: too few readable images.
    """
    import onnx

    check_seed(seed)
    threads = threads or usable_cores()
    output = Path(output)
    paths = [str(path) for path in ([unlabelled] if isinstance(unlabelled, str | Path) else unlabelled or ())]
    _check_given(paths, labelled, to_label)
    _check_output(output)
    classifier = load(model, threads=threads)
    source = classifier.path
    if output.exists() and output.samefile(source):
        raise ModelFileError(f"{output}: is the file to adapt, which would be lost", "Name another output.")
    try:
        original = onnx.load(source)
    except Exception as problem:  # protobuf's errors have no common base with ours
        raise ModelFileError(f"{source}: not a usable ONNX file ({reason(problem)})") from problem
    if labelled is not None:
        from hemascope.adapt.labelled import teach  # needs pandas, which reading unlabelled images does not

        return teach(
            classifier,
            original,
            labelled,
            output,
            unlabelled=paths,
            to_label=None if to_label is None else Path(to_label),
            images=images,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    if classifier.card.adapted:
        raise ModelFileError(f"{source}: it is adapted already", "Adapt the original file.")
    find_layers(original, str(source))  # a file that cannot be adapted is refused before any image is read
    framed = read_folder(
        paths,
        classifier.card.input_size,
        limit=images,
        seed=seed,
        threads=threads,
        progress=progress,
    )
    n = len(framed.images)
    found = refit(
        original,
        framed.images,
        prior=PRIOR if prior is None else prior,
        threads=threads,
        progress=progress,
        path=str(source),
    )
    _describe(found.model, classifier.card, classifier.digest, n, found.shift)
    progress.step("comparing with the original")
    before = classifier.probabilities(framed.images)
    with atomic(output) as temporary:
        onnx.save(found.model, temporary)
        after = load(temporary, threads=threads).probabilities(framed.images)
    stain_varied = bool(classifier.card.recipe.get("augment", {}).get("stain"))
    return Adaptation(classifier.classes, n, framed.errors, found.weight, found.shift, before, after, stain_varied)


def _describe(model: onnx.ModelProto, card: ModelCard, digest: str, images: int, shift: float) -> None:
    done = {
        "source": digest,
        "images": images,
        "shift": round(shift, 4),
        "method": METHOD,
        "date": date.today().isoformat(),
    }
    set_card(model, replace(card, adapted=done))


def _check_given(unlabelled: list[str], labelled: str | Path | None, to_label: str | Path | None) -> None:
    if not unlabelled and labelled is None:
        raise SourceError("no images to adapt to", "Give unlabelled ones, or labelled ones: --unlabelled, --labelled.")
    if to_label is not None and (labelled is None or not unlabelled):
        raise SourceError(
            "a list of cells to label next is made of unlabelled cells, by what labelled ones taught",
            "Give both: --labelled and --unlabelled.",
        )
    if labelled is not None and unlabelled and to_label is None:
        raise SourceError(
            "beside labelled cells the unlabelled ones serve the list of those to label next",
            "Name the list: --to-label next.csv. Or leave out --unlabelled.",
        )


def _check_output(output: Path) -> None:
    if output.is_dir():
        raise ModelFileError(f"{output}: is a folder", "Name a file, such as adapted.onnx.")
    if output.suffix != ".onnx":
        raise ModelFileError(f"{output}: a model file ends in .onnx", f"Write to {output.with_suffix('.onnx')}.")


SLIGHT = 0.10
"""Shift below which there is little to gain."""

FEWEST_CLASSES = 2.0
"""Effective number of classes below which a folder's cells are taken for its laboratory; a blood count has 2.8."""


@dataclass(frozen=True)
class Advice:
    """What to do with an adapted file.

    Attributes:
        use: whether it is likely to be better than the original.
        reason: why, a sentence.
    """

    use: bool
    reason: str

    @property
    def sentence(self) -> str:
        """The advice in words."""
        return f"{'Advised' if self.use else 'Not advised'}: {self.reason}."


def effective_classes(shares: np.ndarray) -> float:
    """How many equally frequent classes are as diverse as these shares: exp of their entropy (Hill 1973).

    >>> round(effective_classes(np.array([0.5, 0.5, 0.0])), 3)
    2.0
    """
    present = shares[shares > 0]
    return float(np.exp(-(present * np.log(present)).sum()))


def advise(adaptation: Adaptation) -> Advice:
    """Weigh the shift and the mixture of classes.

    Confidence has no say: on images unlike its training's a network is often sure and wrong (Ovadia et al. 2019).
    """
    classes = max(effective_classes(shares) for shares in adaptation.shares)
    if classes < min(FEWEST_CLASSES, 0.75 * len(adaptation.classes)):
        return Advice(
            False,
            f"nearly all images look like one class or two ({classes:.1f} effective classes): what is theirs would be "
            "taken for the laboratory's. Give images of all classes",
        )
    if adaptation.shift < SLIGHT:
        return Advice(False, "the images are like those of the training, so there is little to gain")
    if adaptation.stain_varied:
        return Advice(
            False,
            "the training varied the stain, and such a model gained nothing where it was measured. Compare both files "
            "on images that you label",
        )
    return Advice(True, "the images differ from those of the training and hold several classes")
