"""Model file and images of another laboratory in, adapted model file out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx

from hemascope.adapt.agreement import METHOD as TURNED
from hemascope.adapt.agreement import Agreement, agree, held
from hemascope.adapt.choice import ZOOMS, Choice, choose
from hemascope.adapt.head import with_head
from hemascope.adapt.metadata import set_card
from hemascope.adapt.save import save_model
from hemascope.adapt.seen import FEWEST, Seen, see, turned_at
from hemascope.adapt.zoom import with_zoom
from hemascope.cells import title
from hemascope.cores import usable_cores
from hemascope.data.remote.delivery import here
from hemascope.data.remote.url import named
from hemascope.errors import ModelFileError, SourceError
from hemascope.files import scratch
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.modelfile import reason
from hemascope.progress import SILENT, Progress
from hemascope.seeds import check_seed
from hemascope.shown import paragraphs, table

if TYPE_CHECKING:
    from hemascope.adapt.next_cells import NextCells
    from hemascope.adapt.taught import Taught

IMAGES = 200
"""Unlabelled ones that choose a zoom: more move no mean confidence by more than its noise."""

BESIDE = 400
"""Those that help labelled ones."""

METHOD = "one zoom for all images: where the mean confidence on unlabelled ones is highest"


@dataclass(frozen=True)
class Adaptation:
    """What adapting did; a notebook shows it as the classes before and after.

    Attributes:
        classes: names of the k classes.
        images: how many were used.
        errors: why others could not be read.
        choice: the zoom, with the mean confidence at each that was tried.
        turned: whether the head was fitted to turned views of the images, and why.
        before, after: probabilities of the used images as the original sees them without a zoom, and by the new file,
            float32 (images, k).
    """

    classes: tuple[str, ...]
    images: int
    errors: list[str]
    choice: Choice
    turned: Agreement
    before: np.ndarray
    after: np.ndarray

    @property
    def zoom(self) -> float:
        """The zoom of the file that was written; 1 is none."""
        return self.choice.zoom

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
        """How many images there were, and the zoom."""
        return f"{self.images:,} images, zoom {self.zoom:g}"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What changed, in words: name, before and after."""
        shares = ((title(name), *values) for name, *values in zip(self.classes, *self.shares, strict=True))
        differing = self.turned.differing
        numbers = [("Mean confidence", *self.confidence), *shares]
        return [
            *((name, f"{before:.1%}", f"{after:.1%}") for name, before, after in numbers),
            ("Same label", "", f"{self.agreement:.1%}"),
            *((("Same label when turned", *(f"{1 - share:.1%}" for share in differing)),) if differing else ()),
        ]

    @property
    def lines(self) -> list[str]:
        """What was left out, and what was chosen and why, in sentences."""
        unread = [f"Left out, because unreadable: {len(self.errors):,}, first {self.errors[0]}"] if self.errors else []
        return [*unread, self.choice.sentence, self.turned.sentence]

    def model(
        self, original: onnx.ModelProto, card: ModelCard, digest: str, path: str = "model file"
    ) -> onnx.ModelProto:
        """A copy of a model with the zoom, the head and a card that says so.

        Args:
            original: what it was found for.
            card: of that.
            digest: SHA-256 of its file.
            path: what errors call it.

        Raises:
            ModelFileError: as `hemascope.adapt.zoom.with_zoom`.
        """
        model, head = with_zoom(original, self.zoom, path), self.turned.head
        if head is not None:
            model = with_head(model, head, self.turned.temperature)
        changed = replace(
            card,
            adapted=_done(card, digest, self.images, self.zoom, self.turned),
            # Measured at the original's zoom and head alone.
            confusion=card.confusion if self.zoom == card.zoom and head is None else {},
            temperature=card.temperature if head is None else self.turned.temperature,
        )
        set_card(model, changed)
        return model

    def _repr_html_(self) -> str:
        return table(["", "Before", "After"], self.rows, self.heading) + paragraphs(self.lines)


def adapt(
    model: str | Path,
    unlabelled: str | Path | Sequence[str | Path] | None,
    output: str | Path,
    *,
    labelled: str | Path | None = None,
    to_label: Callable[[NextCells], None] | None = None,
    images: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Adaptation | Taught:
    """Write a model file that fits another laboratory; see `hemascope.pipeline.adapt.adapt`, which says all of it.

    Its classes, features and outputs stay; its card says in ``adapted`` what was done. Where no zoom is clearly better,
    the file sees pictures as the original does; where turned cells are called as the cell itself, its head stays.

    Args:
        model: as there, and so the others.
        unlabelled: None where there are none.
        output: the new file.
        labelled: some labelled cells.
        to_label: given the unlabelled cells that are worth labelling next.
        images: at most so many of the unlabelled.
        seed: of draws.
        threads: images worked on at a time.
        device: where the network runs.
        progress: told of the images that the network has seen.
    """
    check_seed(seed)
    output = here(output)
    paths = [str(path) for path in ([unlabelled] if isinstance(unlabelled, str | Path) else unlabelled or ())]
    _check_given(paths, labelled, to_label)
    _check_output(output)
    classifier = load(model, threads=threads or usable_cores(), device=device)
    if classifier.device.said:
        progress.say(classifier.device.said)
    source, card = classifier.path, classifier.card
    if output.exists() and output.samefile(source):
        raise ModelFileError(f"{output}: is the file to adapt, which would be lost", "Name another output.")
    try:
        original = onnx.load(source)
    except Exception as problem:  # protobuf's errors have no common base with ours
        raise ModelFileError(f"{source}: not a usable ONNX file ({reason(problem)})") from problem
    if labelled is not None:
        from hemascope.adapt.labelled import teach  # needs pandas, which reading unlabelled images does not

        with scratch() as folder:
            zoom = None
            if paths:
                zoom = _zoom(classifier, original, paths, images or IMAGES, folder, seed, progress, fewest=1)[0]
                classifier, original = _at_zoom(classifier, original, zoom, folder)
            return teach(
                classifier,
                original,
                labelled,
                output,
                unlabelled=paths,
                zoom=zoom,
                to_label=to_label,
                images=images or BESIDE,
                seed=seed,
                threads=classifier.threads,
                progress=progress,
            )
    with scratch() as folder:
        choice, seen, plain = _zoom(classifier, original, paths, images or IMAGES, folder, seed, progress)
        before, after = (seen.probabilities[ZOOMS.index(zoom)] for zoom in (1, choice.zoom))
        found = held(original, card, str(source))
        if not isinstance(found, str):
            turned = agree(*found, turned_at(plain, seen.items, choice.zoom, progress))
        else:
            turned = Agreement(None, 1.0, found)
    if turned.probabilities is not None:
        after = turned.probabilities
    adaptation = Adaptation(classifier.classes, len(before), seen.errors, choice, turned, before, after)
    save_model(adaptation.model(original, card, classifier.digest, named(str(source))), output)
    return adaptation


def _zoom(
    classifier: Classifier,
    original: onnx.ModelProto,
    paths: list[str],
    limit: int,
    folder: Path,
    seed: int,
    progress: Progress,
    fewest: int = FEWEST,
) -> tuple[Choice, Seen, Classifier]:
    """The zoom for images, what was seen of them, and the model without a zoom, its file in a folder if it has one."""
    plain = classifier
    if classifier.card.zoom != 1:
        whole = with_zoom(original, 1)
        set_card(whole, replace(classifier.card, adapted={}))
        onnx.save(whole, folder / "plain.onnx")
        plain = load(folder / "plain.onnx", threads=classifier.threads, device=classifier.device.name)
    seen = see(plain, paths, ZOOMS, limit=limit, fewest=fewest, seed=seed, progress=progress)
    if len(seen.items) < FEWEST:
        means = tuple(seen.probabilities.max(axis=2).mean(axis=1).tolist())
        return (
            Choice(classifier.card.zoom, ZOOMS, means, f"fewer than {FEWEST} unlabelled images tell none"),
            seen,
            plain,
        )
    return choose(seen.probabilities, ZOOMS), seen, plain


def _at_zoom(
    classifier: Classifier, original: onnx.ModelProto, choice: Choice, folder: Path
) -> tuple[Classifier, onnx.ModelProto]:
    """The model at a zoom, under the name of its file."""
    card = classifier.card
    if choice.zoom == card.zoom:
        return classifier, original
    zoomed = with_zoom(original, choice.zoom, named(str(classifier.path)))
    methods = [*_methods(card), METHOD]
    adapted = {**card.adapted, "zoom": choice.zoom, "method": "; then ".join(methods)}
    save_model(zoomed, folder / "zoomed.onnx", replace(card, adapted=adapted, confusion={}))
    found = load(folder / "zoomed.onnx", threads=classifier.threads, device=classifier.device.name)
    found.path = classifier.path  # what errors and cards are to name
    return found, zoomed


def _methods(card: ModelCard) -> list[str]:
    """What was done to a model before, but for a zoom, which is chosen anew."""
    return [name for name in str(card.adapted.get("method", "")).split("; then ") if name and name != METHOD]


def _done(card: ModelCard, digest: str, images: int, zoom: float, turned: Agreement) -> dict[str, object]:
    """What the card says, after what it says of an earlier adapting by other means."""
    return {
        **card.adapted,
        "source": digest,
        "images": images,
        "zoom": zoom,
        "method": "; then ".join([*_methods(card), METHOD, *([] if turned.head is None else [TURNED])]),
        "date": date.today().isoformat(),
    }


def _check_given(unlabelled: list[str], labelled: str | Path | None, to_label: object) -> None:
    if not unlabelled and labelled is None:
        raise SourceError("no images to adapt to", "Give unlabelled ones, or labelled ones: --unlabelled, --labelled.")
    if to_label is not None and (labelled is None or not unlabelled):
        raise SourceError(
            "a list of cells to label next is made of unlabelled cells, by what labelled ones taught",
            "Give both: --labelled and --unlabelled.",
        )


def _check_output(output: Path) -> None:
    if output.is_dir():
        raise ModelFileError(f"{output}: is a folder", "Name a file, such as adapted.onnx.")
    if output.suffix != ".onnx":
        raise ModelFileError(f"{output}: a model file ends in .onnx", f"Write to {output.with_suffix('.onnx')}.")
