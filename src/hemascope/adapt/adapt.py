"""Model file and images of another laboratory in, adapted model file out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from hemascope.adapt.adaptation import Adaptation, methods
from hemascope.adapt.agreement import Agreement, agree, held
from hemascope.adapt.choice import PIXEL_SIZE, PIXELS, ZOOMS, Choice, choose, zoom_of
from hemascope.adapt.metadata import set_card
from hemascope.adapt.save import save_model
from hemascope.adapt.seen import FEWEST, Seen, see, shorter_sides, turned_at
from hemascope.adapt.zoom import with_zoom
from hemascope.cores import usable_cores
from hemascope.data.remote.delivery import here
from hemascope.data.remote.url import named
from hemascope.errors import ModelFileError, SourceError
from hemascope.files import scratch
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.modelfile import reason
from hemascope.progress import SILENT, Progress
from hemascope.seeds import check_seed

if TYPE_CHECKING:
    from hemascope.adapt.next_cells import NextCells
    from hemascope.adapt.taught import Taught

IMAGES = 200
"""Unlabelled ones that choose a zoom: more move no mean confidence by more than its noise."""

BESIDE = 400
"""Those that help labelled ones."""


def adapt(
    model: str | Path,
    unlabelled: str | Path | Sequence[str | Path] | None,
    output: str | Path,
    *,
    labelled: str | Path | None = None,
    to_label: Callable[[NextCells], None] | None = None,
    pixel_size: float | None = None,
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
        pixel_size: of the unlabelled images, micrometres.
        images: at most so many of the unlabelled.
        seed: of draws.
        threads: images worked on at a time.
        device: where the network runs.
        progress: told of the images that the network has seen.
    """
    check_seed(seed)
    output = here(output)
    paths = [str(path) for path in ([unlabelled] if isinstance(unlabelled, str | Path) else unlabelled or ())]
    _check_given(paths, labelled, to_label, pixel_size)
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
                limit = images or IMAGES
                zoom, *_ = _zoom(classifier, original, paths, pixel_size, limit, folder, seed, progress, fewest=1)
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
        choice, seen, plain = _zoom(classifier, original, paths, pixel_size, images or IMAGES, folder, seed, progress)
        before, after = (seen.probabilities[choice.zooms.index(zoom)] for zoom in (1, choice.zoom))
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
    pixel_size: float | None,
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
    zooms: tuple[float, ...] = ZOOMS
    told = None
    if pixel_size is not None:
        told = zoom_of(pixel_size, shorter_sides(paths, FEWEST, seed), plain.card, str(plain.path))
        zooms = tuple(sorted({1.0, told[0]}))
    seen = see(plain, paths, zooms, limit=limit, fewest=fewest, seed=seed, progress=progress)
    if told is None and len(seen.items) >= FEWEST:
        return choose(seen.probabilities, zooms), seen, plain
    means = tuple(seen.probabilities.max(axis=2).mean(axis=1).tolist())
    if told is not None:
        return Choice(told[0], zooms, means, told[1], PIXEL_SIZE), seen, plain
    return Choice(classifier.card.zoom, zooms, means, f"fewer than {FEWEST} unlabelled images tell none"), seen, plain


def _at_zoom(
    classifier: Classifier, original: onnx.ModelProto, choice: Choice, folder: Path
) -> tuple[Classifier, onnx.ModelProto]:
    """The model at a zoom, under the name of its file."""
    card = classifier.card
    if choice.zoom == card.zoom:
        return classifier, original
    zoomed = with_zoom(original, choice.zoom, named(str(classifier.path)))
    method = "; then ".join([*methods(card), choice.method])
    adapted = {**card.adapted, "zoom": choice.zoom, "method": method}
    save_model(zoomed, folder / "zoomed.onnx", replace(card, adapted=adapted, confusion={}))
    found = load(folder / "zoomed.onnx", threads=classifier.threads, device=classifier.device.name)
    found.path = classifier.path  # what errors and cards are to name
    return found, zoomed


def _check_given(
    unlabelled: list[str], labelled: str | Path | None, to_label: object, pixel_size: float | None
) -> None:
    if pixel_size is not None and not PIXELS[0] <= pixel_size <= PIXELS[1]:
        raise SourceError(
            f"no pixel is {pixel_size:g} µm wide",
            f"Give micrometres, {PIXELS[0]:g} to {PIXELS[1]:g}; microscopes have some 0.1.",
        )
    if pixel_size is not None and not unlabelled:
        raise SourceError("a pixel size is that of unlabelled images, and there are none", "Give them: --unlabelled.")
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
